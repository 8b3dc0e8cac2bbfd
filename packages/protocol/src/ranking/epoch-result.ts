import type { CheckedInput } from './epoch-input.ts';
import { fractionsOf, ONE, u16FromFixed } from './fixed.ts';
import { type FixedMatrix, rowsOf, type SparseMatrix } from './sparse-matrix.ts';

/** Rows by uid, each a list of `[uid, value]`. */
export type ResultRows = [uid: number, value: number][][];

/** Everything that an epoch computes, as plain arrays indexed by uid; fractions of one unless named otherwise. */
export interface EpochResult {
  /** Why the epoch was not run: scores and emission are then 0, permits and bonds stay as they were. */
  readonly skipped: 'last-update-size' | 'duplicate-hotkey' | null;
  readonly inactive: readonly boolean[];
  readonly stake: readonly number[];
  readonly activeStake: readonly number[];
  /** Weight that the majority of stake gives each node at least (`paper`: the sigmoid of its trust). */
  readonly consensus: readonly number[];
  readonly validatorTrust: readonly number[];
  /** Normalised; the same as incentive in Yuma. */
  readonly rank: readonly number[];
  /** Rank after clipping over rank before (`paper`: stake that gave the node any weight). */
  readonly trust: readonly number[];
  readonly incentive: readonly number[];
  readonly dividends: readonly number[];
  readonly emissionNormalized: readonly number[];
  /** Whole units, rounded down: nodes' by incentive, validators' by dividends, both together. */
  readonly serverEmission: readonly number[];
  readonly validatorEmission: readonly number[];
  readonly emission: readonly number[];
  /** The scores as u16 proportions of 65,535, rounded down. */
  readonly u16: {
    readonly [Score in
      | 'consensus'
      | 'validatorTrust'
      | 'rank'
      | 'trust'
      | 'incentive'
      | 'dividends']: readonly number[];
  };
  /** Permits of the next epoch. */
  readonly newValidatorPermit: readonly boolean[];
  /** Weights after masking, rows normalised. Rows, as those below, are built when they are first read. */
  readonly weights: ResultRows;
  /** `W̄ = min(W, C)`. */
  readonly clippedWeights: ResultRows;
  /** `ΔB`, columns normalised. */
  readonly bondsDelta: ResultRows;
  /** `B'` before storage. */
  readonly emaBonds: ResultRows;
  /** u16 bonds to give to the next epoch as `bonds`. */
  readonly storedBonds: ResultRows;
  /** {@link storedBonds} packed; also taken as `bonds`, and faster for large markets. */
  readonly storedBondsMatrix: SparseMatrix;
}

/** Fixed point where typed arrays. */
interface EpochParts {
  readonly inactive: readonly boolean[];
  readonly stake: Float64Array;
  readonly activeStake: Float64Array;
  readonly consensus: Float64Array;
  readonly validatorTrust: Float64Array;
  readonly rank: Float64Array;
  readonly trust: Float64Array;
  readonly incentive: Float64Array;
  readonly dividends: Float64Array;
  readonly emissionNormalized: Float64Array;
  readonly serverEmission: readonly number[];
  readonly validatorEmission: readonly number[];
  readonly emission: readonly number[];
  readonly newValidatorPermit: readonly boolean[];
  readonly weights: FixedMatrix;
  readonly clippedWeights: () => FixedMatrix;
  readonly bondsDelta: () => FixedMatrix;
  readonly emaBonds: FixedMatrix;
  readonly storedBonds: SparseMatrix;
}

export function epochResult(parts: EpochParts, skipped: EpochResult['skipped'] = null): EpochResult {
  const toFraction = (value: number): number => value / ONE;
  const rows = (matrix: () => SparseMatrix | FixedMatrix, convert: (value: number) => number) =>
    once(() => rowsOf(matrix(), convert));
  const weights = rows(() => parts.weights, toFraction);
  const clippedWeights = rows(parts.clippedWeights, toFraction);
  const bondsDelta = rows(parts.bondsDelta, toFraction);
  const emaBonds = rows(() => parts.emaBonds, toFraction);
  const storedBonds = rows(
    () => parts.storedBonds,
    (value) => value,
  );
  return {
    skipped,
    inactive: parts.inactive,
    stake: fractionsOf(parts.stake),
    activeStake: fractionsOf(parts.activeStake),
    consensus: fractionsOf(parts.consensus),
    validatorTrust: fractionsOf(parts.validatorTrust),
    rank: fractionsOf(parts.rank),
    trust: fractionsOf(parts.trust),
    incentive: fractionsOf(parts.incentive),
    dividends: fractionsOf(parts.dividends),
    emissionNormalized: fractionsOf(parts.emissionNormalized),
    serverEmission: parts.serverEmission,
    validatorEmission: parts.validatorEmission,
    emission: parts.emission,
    u16: {
      consensus: Array.from(parts.consensus, u16FromFixed),
      validatorTrust: Array.from(parts.validatorTrust, u16FromFixed),
      rank: Array.from(parts.rank, u16FromFixed),
      trust: Array.from(parts.trust, u16FromFixed),
      incentive: Array.from(parts.incentive, u16FromFixed),
      dividends: Array.from(parts.dividends, u16FromFixed),
    },
    newValidatorPermit: parts.newValidatorPermit,
    get weights() {
      return weights();
    },
    get clippedWeights() {
      return clippedWeights();
    },
    get bondsDelta() {
      return bondsDelta();
    },
    get emaBonds() {
      return emaBonds();
    },
    get storedBonds() {
      return storedBonds();
    },
    storedBondsMatrix: parts.storedBonds,
  };
}

/** The result of an epoch that was not run: the caller keeps the pending emission. */
export function skippedEpoch(
  { n, bonds, validatorPermit }: CheckedInput,
  skipped: NonNullable<EpochResult['skipped']>,
): EpochResult {
  const none = new Float64Array(n);
  const zeros: number[] = new Array(n).fill(0);
  const empty: FixedMatrix = {
    starts: new Uint32Array(n + 1),
    uids: new Uint16Array(0),
    values: new Float64Array(0),
  };
  return epochResult(
    {
      inactive: new Array(n).fill(false),
      stake: none,
      activeStake: none,
      consensus: none,
      validatorTrust: none,
      rank: none,
      trust: none,
      incentive: none,
      dividends: none,
      emissionNormalized: none,
      serverEmission: zeros,
      validatorEmission: zeros,
      emission: zeros,
      newValidatorPermit: validatorPermit,
      weights: empty,
      clippedWeights: () => empty,
      bondsDelta: () => empty,
      emaBonds: empty,
      storedBonds: bonds,
    },
    skipped,
  );
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
