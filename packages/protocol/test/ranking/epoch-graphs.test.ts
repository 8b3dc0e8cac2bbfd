/** The generated vectors of epoch_graphs.json: large graphs of equal weights, random weights dense and sparse. */
import { describe, expect, test } from 'vitest';
import type { EpochInput } from '../../src/ranking/epoch-input.ts';
import { rankEpoch } from '../../src/ranking/rank-epoch.ts';
import type { SparseRow } from '../../src/ranking/sparse-matrix.ts';
import { seededRandom } from './seeded-random.ts';
import { readVectors } from './vector-files.ts';

type Scores = Record<string, number>;
interface Graph {
  readonly name: string;
  readonly generator: {
    readonly n: number;
    readonly validators: number | string;
    readonly stake_per_validator: number;
  };
  readonly expected: Record<string, { readonly validator: Scores; readonly server: Scores }>;
}
const graphs = new Map(
  readVectors<{ vectors: Graph[] }>('epoch_graphs').vectors.map((graph) => [graph.name, graph]),
);
const interleavings = ['validators first', 'servers first', 'mixed'] as const;
const emission = 1_000_000_000;

/** Which uids are validators. */
function layout(n: number, validators: number, interleaving: (typeof interleavings)[number]): boolean[] {
  const every = n / validators;
  return Array.from({ length: n }, (_, uid) => {
    if (interleaving === 'validators first') return uid < validators;
    return interleaving === 'servers first' ? uid >= n - validators : uid % every === 0;
  });
}

function equalWeights(isValidator: boolean[], hasSelfWeights: boolean): SparseRow[] {
  const servers = isValidator.flatMap((is, uid) => (is ? [] : [uid]));
  const row = servers.map((uid) => [uid, 65_535] as const);
  return isValidator.map((is, uid) => (is ? row : hasSelfWeights ? [[uid, 65_535]] : []));
}

const graphInput = (isValidator: boolean[], stake: number, weights: SparseRow[]): EpochInput => ({
  block: 100,
  stake: isValidator.map((is) => (is ? stake : 0)),
  validatorPermit: isValidator,
  lastUpdate: isValidator.map(() => 50),
  weights,
  params: { tempo: 50, maxAllowedValidators: 256, emission },
});

describe.each(interleavings)('test_512_graph, %s', (interleaving) => {
  const graph = graphs.get('test_512_graph')!;
  const { n, stake_per_validator } = graph.generator;
  const isValidator = layout(n, 64, interleaving);
  test.each([false, true])('servers weight themselves: %s', (hasSelfWeights) => {
    let input = graphInput(isValidator, stake_per_validator, equalWeights(isValidator, hasSelfWeights));
    for (let epoch = 0; epoch < 3; epoch += 1) {
      const result = rankEpoch(input);
      const { validator, server } = graph.expected.derived!;
      isValidator.forEach((is, uid) => {
        const expected = is ? validator : server;
        for (const score of ['consensus', 'incentive', 'dividends'] as const)
          expect(result.u16[score][uid], `${score} of ${uid}`).toBe(expected[`${score}_u16`]);
        expect(result.emission[uid]).toBe(expected.emission);
        if (is) {
          expect(result.u16.validatorTrust[uid]).toBe(expected.validator_trust_u16);
          expect(result.storedBonds[uid]!.every(([, bond]) => bond === 65_535)).toBe(true);
          expect(result.storedBonds[uid]!.map(([to]) => to)).toEqual(
            isValidator.flatMap((isOther, to) => (isOther ? [] : [to])),
          );
        } else {
          expect(result.u16.rank[uid]).toBe(expected.rank_u16);
          expect(result.u16.trust[uid]).toBe(expected.trust_u16);
        }
      });
      input = { ...input, bonds: result.storedBondsMatrix };
    }
  });
});

test('test_4096_graph', () => {
  const graph = graphs.get('test_4096_graph (commented out in source)')!;
  const { n, validators, stake_per_validator } = graph.generator;
  const isValidator = layout(n, Number(validators), 'validators first');
  const result = rankEpoch(graphInput(isValidator, stake_per_validator, equalWeights(isValidator, true)));
  isValidator.forEach((is, uid) => {
    const expected = graph.expected.commented_out![is ? 'validator' : 'server'];
    const { rank, trust, consensus, incentive, dividends } = result.u16;
    const actual = {
      rank: rank[uid],
      trust: trust[uid],
      consensus: consensus[uid],
      incentive: incentive[uid],
      dividends: dividends[uid],
      emission: result.emission[uid],
    };
    expect(actual).toEqual(expected);
  });
});

test('test_1_graph: a market with one uid that weights itself', () => {
  const result = rankEpoch({ ...graphInput([true], 1e9, [[[0, 65_535]]]) });
  for (const score of Object.values(result.u16)) expect(score).toEqual([0]);
  expect(result.emission).toEqual([emission]);
});

describe('test_512_graph_random_weights: zeros stored or left out give the same', () => {
  const n = 128;
  const variants = [0, 32_767, 65_535].flatMap((bondsPenaltyU16) =>
    interleavings.flatMap((interleaving) =>
      [false, true].flatMap((hasSelfWeights) =>
        [
          { method: 'yuma' as const },
          { method: 'yuma3' as const },
          { method: 'yuma3' as const, liquidAlpha: true },
        ].map((params) => ({ interleaving, hasSelfWeights, params: { ...params, bondsPenaltyU16 } })),
      ),
    ),
  );
  test.each(variants)('$interleaving, self-weights $hasSelfWeights, $params', (variant) => {
    const isValidator = layout(n, 16, variant.interleaving);
    const random = seededRandom(7);
    const dense: SparseRow[] = isValidator.map((is, uid) => {
      if (!is) return variant.hasSelfWeights ? [[uid, 65_535]] : [];
      return isValidator.map((_, to) => [to, random() < 0.5 ? 0 : Math.floor(random() * 65_536)] as const);
    });
    const sparse = dense.map((row) => row.filter(([, weight]) => weight > 0));
    const run = (rows: SparseRow[]) => {
      const base = graphInput(isValidator, 1e12, rows);
      const input = { ...base, params: { ...base.params, ...variant.params } };
      const first = rankEpoch(input);
      // The second epoch has bonds on nodes that some no longer weight.
      const voters = isValidator.flatMap((is, uid) => (is ? [uid] : []));
      const shifted = rows.slice();
      voters.forEach((uid, index) => {
        shifted[uid] = rows[voters[(index + 1) % voters.length]!]!;
      });
      return [first, rankEpoch({ ...input, weights: shifted, bonds: first.storedBonds })];
    };
    run(dense).forEach((a, epoch) => {
      const b = run(sparse)[epoch]!;
      expect(a.rank).toEqual(b.rank);
      expect(a.incentive).toEqual(b.incentive);
      expect(a.dividends).toEqual(b.dividends);
      expect(a.emission).toEqual(b.emission);
      expect(a.storedBonds).toEqual(b.storedBonds);
      expect(a.incentive.some((share) => share > 0)).toBe(true);
    });
  });
});
