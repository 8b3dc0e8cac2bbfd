import {
  type EpochResult,
  type RankingParameters,
  rankEpoch,
  type SparseMatrix,
} from '@market-of-experts/protocol';
import type { Cast } from './cast.ts';
import type { World } from './world.ts';

export const methods = ['yuma', 'yuma3', 'yuma3 liquid', 'median', 'paper'] as const;
export type Method = (typeof methods)[number];

/** What a validator last revealed, and the epoch of its commit. */
export interface WeightsInForce {
  readonly epoch: number;
  readonly weights: Float64Array | undefined;
}

/** One epoch of the market, as the ledger ranks it. */
export function rank(
  cast: Cast,
  method: Method,
  world: World,
  epoch: number,
  stakes: readonly number[],
  rows: readonly WeightsInForce[],
  registered: readonly number[],
  last: EpochResult | undefined,
): EpochResult {
  const { experts, validators } = cast;
  const zeros = new Array<number>(experts).fill(0);
  const params: Partial<RankingParameters> = {
    method: method === 'yuma3 liquid' ? 'yuma3' : method,
    liquidAlpha: method === 'yuma3 liquid',
    maxAllowedValidators: 64,
    tempo: 1,
    activityCutoffBlocks: world.activityCutoff,
    lastMechanismStepBlock: epoch - 1,
    commitReveal: world.revealDelay > 0,
  };
  return rankEpoch({
    block: epoch,
    stake: [...zeros, ...stakes],
    validatorPermit: [
      ...zeros.map(() => false),
      ...rows.map(
        ({ weights }, validator) =>
          weights !== undefined && (last?.newValidatorPermit[experts + validator] ?? true),
      ),
    ],
    lastUpdate: [...zeros, ...rows.map((row) => row.epoch)],
    ...(world.masksNewcomers
      ? { blockAtRegistration: [...registered, ...new Array<number>(validators).fill(0)] }
      : {}),
    weights: matrixOf(
      experts,
      rows.map(({ weights }) => weights),
    ),
    ...(last === undefined ? {} : { bonds: last.storedBondsMatrix }),
    params,
  });
}

/** Rows of u16 weights, the greatest of each 65,535, as validators send them. */
function matrixOf(experts: number, rows: readonly (Float64Array | undefined)[]): SparseMatrix {
  const starts = new Uint32Array(experts + rows.length + 1);
  const uids = new Uint16Array(experts * rows.length);
  const values = new Uint16Array(experts * rows.length);
  let length = 0;
  rows.forEach((row, index) => {
    const most = row?.reduce((greatest, weight) => Math.max(greatest, weight), 0) ?? 0;
    if (row !== undefined && most > 0)
      for (let expert = 0; expert < experts; expert += 1) {
        const value = Math.round((65_535 * row[expert]!) / most);
        if (value === 0) continue;
        uids[length] = expert;
        values[length] = value;
        length += 1;
      }
    starts[experts + index + 1] = length;
  });
  return { starts, uids: uids.subarray(0, length), values: values.subarray(0, length) };
}

/** What there is to copy: the weight that the ranking gave each expert. The paper's consensus is no weight. */
export function consensusIn(result: EpochResult, method: Method): readonly number[] {
  return method === 'paper' ? result.rank : result.consensus;
}
