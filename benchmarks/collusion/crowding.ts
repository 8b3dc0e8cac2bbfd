import { LEDGER_LIMITS, rankEpoch, type SparseRow } from '@market-of-experts/protocol';
import { TOTAL_STAKE } from './cast.ts';

/** What taking permits brings: the cabal's nodes are a little larger than those of many small honest validators. */
export interface CrowdingRow {
  readonly honestValidators: number;
  readonly permits: number;
  readonly cabalStake: number;
  readonly cabalValidators: number;
  /** Of the stake that holds permits. */
  readonly permittedStake: number;
  /** Of all emission, with all weight on one worthless expert. */
  readonly cabalShare: number;
}

const honestExperts = 20;

/** Honest validators of equal stake; the cabal splits into as many nodes as stand above them and as a network takes. */
export function crowdingRow(honestValidators: number, permits: number, cabalStake: number): CrowdingRow {
  const honestSize = (1 - cabalStake) / honestValidators;
  const free = Math.min(permits, LEDGER_LIMITS.validators - honestValidators);
  const cabalValidators = Math.max(1, Math.min(free, Math.ceil(cabalStake / honestSize) - 1));
  const firstCabal = honestExperts + 1 + honestValidators;
  const n = firstCabal + cabalValidators;
  const stake = Array.from({ length: n }, (_, uid) => {
    if (uid <= honestExperts) return 0;
    return Math.floor(TOTAL_STAKE * (uid < firstCabal ? honestSize : cabalStake / cabalValidators));
  });
  const weights = stake.map((_, uid): SparseRow => {
    if (uid <= honestExperts) return [];
    if (uid >= firstCabal) return [[honestExperts, 65_535]];
    return Array.from({ length: honestExperts }, (_, expert) => [expert, 65_535] as const);
  });
  const isValidator = stake.map((_, uid) => uid > honestExperts);
  const params = { maxAllowedValidators: permits, tempo: 1 };
  const epoch = (block: number, validatorPermit: readonly boolean[]) =>
    rankEpoch({ block, stake, validatorPermit, lastUpdate: isValidator.map(() => block), weights, params });
  // Permits of an epoch are those that the one before has given.
  const result = epoch(3, epoch(2, isValidator).newValidatorPermit);
  const sumFrom = (values: readonly number[], first: number): number =>
    values.slice(first).reduce((sum, value) => sum + value, 0);
  return {
    honestValidators,
    permits,
    cabalStake,
    cabalValidators,
    permittedStake: sumFrom(result.activeStake, firstCabal),
    cabalShare: sumFrom(result.emissionNormalized, firstCabal) + result.emissionNormalized[honestExperts]!,
  };
}

export function crowdingRows(): CrowdingRow[] {
  return [20, 64, 100, 200].flatMap((honest) =>
    [0.2, 0.3, 0.4].flatMap((stake) => [64, 256].map((permits) => crowdingRow(honest, permits, stake))),
  );
}
