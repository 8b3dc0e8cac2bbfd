import { describe, expect, test } from 'vitest';
import { exponential, sigmoid } from '../../src/ranking/exponential.ts';
import { rankEpoch } from '../../src/ranking/rank-epoch.ts';
import { type WhitepaperStep, whitepaperStep } from '../../src/ranking/whitepaper.ts';
import { readVectors } from './vector-files.ts';

interface Cabal {
  readonly params: {
    tau: number;
    rho: number;
    kappa: number;
    stake_A: number;
    stake_B: number;
    blocks: number;
  };
  readonly expected: { readonly printed_in_paper: number[]; readonly derived: number[] };
  readonly tolerance: number;
}
interface Peers {
  readonly params: { readonly rho: number; readonly kappa: number; readonly xi: number };
  readonly weights: number[][];
  readonly stake: number[];
  readonly expected: Record<string, number | number[] | number[][]>;
  readonly tolerance: number;
}
interface Sigmoid {
  readonly params: { readonly rho: number; readonly kappa: number };
  readonly inputs: number[];
  readonly expected: number[];
  readonly tolerance: number;
}
const [cabal, peers, sigmoids] = readVectors<{ vectors: [Cabal, Peers, Sigmoid] }>('whitepaper').vectors;

const near = (actual: unknown, expected: unknown, tolerance: number): void => {
  if (Array.isArray(expected)) {
    expect((actual as unknown[]).length).toBe(expected.length);
    expected.forEach((item, index) => {
      near((actual as unknown[])[index], item, tolerance);
    });
  } else
    expect(
      Math.abs((actual as number) - (expected as number)),
      `${actual}, not ${expected}`,
    ).toBeLessThanOrEqual(tolerance);
};

describe('whitepaper.json', () => {
  test('cabal_share_under_inflation', () => {
    const { tau, rho, kappa, stake_A, stake_B, blocks } = cabal.params;
    // Two groups, each weighting only itself, are two peers.
    const weights = [
      [1, 0],
      [0, 1],
    ];
    let stake = [stake_A, stake_B];
    const shares: number[] = [];
    for (let block = 0; block < blocks; block += 1) {
      stake = whitepaperStep({ weights, stake, rho, kappa, tau }).nextStake;
      shares.push(stake[1]!);
    }
    near(shares.slice(0, 5), cabal.expected.printed_in_paper, cabal.tolerance);
    near(shares, cabal.expected.derived, cabal.tolerance);
  });

  describe('incentive_four_peers_with_disjoint_self_voter', () => {
    const step = whitepaperStep({ weights: peers.weights, stake: peers.stake, ...peers.params });
    test.each(Object.entries(peers.expected))('%s', (name, expected) => {
      const key = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()) as keyof WhitepaperStep;
      near(step[key], expected, peers.tolerance);
    });
  });

  test('sigmoid_consensus_values', () => {
    const { rho, kappa } = sigmoids.params;
    const values = sigmoids.inputs.map((value) => sigmoid(rho * (value - kappa)));
    near(values, sigmoids.expected, sigmoids.tolerance);
  });

  test('bonds add up over steps', () => {
    const first = whitepaperStep({ weights: peers.weights, stake: peers.stake });
    const bonds = first.accumulatedBonds;
    const second = whitepaperStep({ weights: peers.weights, stake: peers.stake, bonds });
    near(
      second.accumulatedBonds,
      bonds.map((row) => row.map((bond) => 2 * bond)),
      1e-15,
    );
    near(second.bonds, first.bonds, 1e-15);
  });

  test.each([
    [{ weights: [[1]], stake: [0.5, 0.5] }],
    [{ weights: [[Number.NaN]], stake: [1] }],
    [{ weights: [[0.5, 0.5]], stake: [1] }],
    [{ weights: [[1]], stake: [-1] }],
  ])('refuses %j', (input) => {
    expect(() => whitepaperStep(input)).toThrow(expect.objectContaining({ code: 'invalid-ranking-input' }));
  });
});

describe('exponential', () => {
  test('is within 4e-15 of the engine’s from -700 to 700', () => {
    for (let x = -700; x <= 700; x += 0.37) {
      const expected = Math.exp(x);
      expect(Math.abs(exponential(x) - expected) / expected).toBeLessThan(4e-15);
    }
    expect(exponential(0)).toBe(1);
  });
});

describe('legacy_sigmoid_2023.json', () => {
  interface Step {
    readonly stake: number[];
    readonly weights: number[][];
    readonly expected: { readonly comment: Record<string, number[]> };
  }
  interface Graph {
    readonly expected: { readonly asserted: Record<'validator' | 'server', Record<string, number>> };
  }
  const file = readVectors<{
    params: { rho: number; kappa_u16: number; bonds_alpha: number };
    tolerance: number;
    vectors: [Graph, Step, unknown];
  }>('legacy_sigmoid_2023');
  const params = {
    method: 'paper' as const,
    rho: file.params.rho,
    kappaU16: file.params.kappa_u16,
    bondsMovingAverageMillionths: Math.round(1_000_000 * (1 - file.params.bonds_alpha)),
    emission: 1_000_000_000,
    tempo: 100,
  };

  test('test_512_graph', () => {
    const servers = Array.from({ length: 448 }, (_, index) => 64 + index);
    const weights = Object.fromEntries(
      Array.from({ length: 64 }, (_, uid) => [uid, servers.map((server) => [server, 65_535] as const)]),
    );
    const isValidator = Array.from({ length: 512 }, (_, uid) => uid < 64);
    let bonds = {};
    for (let epoch = 0; epoch < 3; epoch += 1) {
      const result = rankEpoch({
        block: 200 + epoch,
        stake: isValidator.map((is) => (is ? 328_125_000_000_000n : 0n)),
        validatorPermit: isValidator,
        lastUpdate: isValidator.map(() => 100),
        weights,
        bonds,
        params,
      });
      bonds = result.storedBonds;
      for (const [uid, expected] of [
        [0, file.vectors[0].expected.asserted.validator],
        [64, file.vectors[0].expected.asserted.server],
      ] as const) {
        const { rank, trust, incentive, dividends, consensus } = result.u16;
        const scores = { rank: rank[uid], trust: trust[uid], incentive: incentive[uid] };
        expect({ ...scores, dividends: dividends[uid], emission: result.emission[uid] }).toEqual({
          rank: expected.rank,
          trust: expected.trust,
          incentive: expected.incentive,
          dividends: expected.dividends,
          emission: expected.emission,
        });
        // With ρ = 30 the sigmoid of no trust is below a u16 step.
        expect(consensus[uid]).toBe(expected.consensus);
      }
    }
  });

  test('test_outdated_weights step 0', () => {
    const step = file.vectors[1];
    const result = rankEpoch({
      block: 200,
      stake: step.stake.map((share) => Math.round(share * 1e9)),
      validatorPermit: step.stake.map(() => true),
      lastUpdate: step.stake.map(() => 150),
      weights: step.weights.map((row) => row.map((weight, j) => [j, Math.round(weight * 65_535)] as const)),
      params,
    });
    for (const [name, expected] of Object.entries(step.expected.comment))
      near(result[name as 'rank'], expected, name === 'emission' ? 0 : file.tolerance);
  });
});
