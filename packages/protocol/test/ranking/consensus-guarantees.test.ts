/** The 13 stable tuples of consensus_guarantees.json: honest stake keeps its share of the emission. */
import { describe, expect, test } from 'vitest';
import { rankEpoch } from '../../src/ranking/rank-epoch.ts';
import type { SparseRow } from '../../src/ranking/sparse-matrix.ts';
import { seededRandom, standardNormal } from './seeded-random.ts';
import { readVectors } from './vector-files.ts';

interface Tuple {
  readonly S_H: number;
  readonly W_H: number;
  readonly W_C: number;
  readonly weight_stddev: number;
  readonly bonds_penalty_u16: number;
}
const file = readVectors<{ generator: { n: number; validators: number }; tuples: Tuple[] }>(
  'consensus_guarantees',
);
// The file's note: β < 1 and this last one pass for the original seed only.
const stable = file.tuples.filter((tuple) => tuple.bonds_penalty_u16 === 65_535 && tuple.S_H !== 0.65);
const { n, validators } = file.generator;

/** One epoch as the file's `generator` says; what honest peers get of it, half by dividends, half by incentive. */
function honestShare({ S_H, W_H, W_C, weight_stddev, bonds_penalty_u16 }: Tuple, seed: number): number {
  const random = seededRandom(seed);
  const block = (count: number, total: number, deviation: number): number[] => {
    const values = Array.from({ length: count }, () => Math.max(0, 1 + deviation * standardNormal(random)));
    const sum = values.reduce((a, b) => a + b, 0);
    return values.map((value) => (total * value) / sum);
  };
  const servers = n - validators;
  const part = (count: number): number => Math.max(1, Math.min(count - 1, Math.floor(S_H * count)));
  const [honestValidators, honestServers] = [part(validators), part(servers)];
  const stake = [
    ...block(honestValidators, S_H, 0.3),
    ...block(validators - honestValidators, 1 - S_H, 0.3),
    ...new Array<number>(servers).fill(0),
  ].map((share) => Math.round(share * 1e15));
  const row = (toHonest: number): SparseRow => {
    const values = [
      ...block(honestServers, toHonest, weight_stddev),
      ...block(servers - honestServers, 1 - toHonest, weight_stddev),
    ];
    // As upstream's test: u16 proportions of one, not of the largest. About 146 steps a weight, which matters where
    // both sides give the same shares.
    return values.map((value, index) => [validators + index, Math.floor(65_535 * value)]);
  };
  const weights = Object.fromEntries(
    Array.from({ length: validators }, (_, uid) => [uid, row(uid < honestValidators ? W_H : 1 - W_C)]),
  );
  const result = rankEpoch({
    block: 2,
    stake,
    validatorPermit: stake.map((amount) => amount > 0),
    lastUpdate: stake.map(() => 1),
    weights,
    params: { bondsPenaltyU16: bonds_penalty_u16 },
  });
  const isHonest = (uid: number): boolean =>
    uid < validators ? uid < honestValidators : uid - validators < honestServers;
  const sum = (scores: readonly number[]): number =>
    scores.reduce((total, score, uid) => total + (isHonest(uid) ? score : 0), 0);
  return (sum(result.dividends) + sum(result.incentive)) / 2;
}

test('the file has 13 stable tuples', () => expect(stable).toHaveLength(13));

describe.each(stable)('stake $S_H, honest weight $W_H, cabal weight $W_C, σ $weight_stddev', (tuple) => {
  test.each([1, 2, 3])('seed %i', (seed) => {
    expect(honestShare(tuple, seed)).toBeGreaterThanOrEqual(tuple.S_H);
  });
});
