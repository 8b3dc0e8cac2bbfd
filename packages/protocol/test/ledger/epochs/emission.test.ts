import type { MarketId, NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyTransaction } from '../../../src/ledger/apply.ts';
import { halved } from '../../../src/ledger/epochs/mint.ts';
import { emptyState, totalMicro, weightsKey } from '../../../src/ledger/state/state.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import { rankEpoch } from '../../../src/ranking/index.ts';
import type { EmissionTerms, MarketTerms, RankingTerms } from '../../../src/terms/terms.ts';
import { fixtureTerms, genesis, idOf, MARKET, nodeOf, transactionFrom } from '../ledger-fixture.ts';
import { addExperts, addValidators, epochEnd, type NamedWeights, type Play, play } from '../play-fixture.ts';

const emitting: EmissionTerms = { perEpochMicro: 1_000_000n, halvingEpochs: 1_000_000, ownerShareBps: 1_800 };
const methods: readonly RankingTerms['method'][] = ['yuma', 'yuma3', 'paper'];
const rankedBy = (method: RankingTerms['method']): Partial<MarketTerms> => ({
  ranking: { ...fixtureTerms().ranking, method },
});

/** A market with a pool, in its second epoch. */
function game(
  stakes: Readonly<Record<string, bigint>>,
  experts: readonly string[],
  terms: Partial<MarketTerms> = {},
  poolMicro = 80_000_000n,
): Play {
  const g = play((tx) => ({
    ...tx,
    balances: [...tx.balances, { account: idOf('donor'), amountMicro: poolMicro }],
    markets: [{ ...tx.markets[0]!, terms: fixtureTerms({ emission: emitting, ...terms }) }],
  }));
  addValidators(g, stakes);
  addExperts(g, experts);
  if (poolMicro > 0n) g.must('donor', { kind: 'fundMarket', market: MARKET, amountMicro: poolMicro });
  g.endEpoch(...Object.keys(stakes));
  return g;
}
const ranking = (g: Play) => g.state.rankings.get(MARKET)!;
const rowOf = (g: Play, name: string) =>
  [...ranking(g).experts, ...ranking(g).validators].find(({ node }) => node === nodeOf(name))!;
const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
const times = (count: number, act: (index: number) => void): void => {
  for (let index = 0; index < count; index += 1) act(index);
};

describe('one epoch’s emission', () => {
  test('goes to the owner, and by halves to experts by incentive and validators by dividends', () => {
    const g = game({ v1: 3_000n, v2: 1_000n }, ['a', 'b', 'c']);
    const before = [g.balance('market-owner'), g.balance('bob'), g.balance('alice')];
    times(2, () => g.round({ v1: { a: 3, b: 2, c: 1 }, v2: { a: 3, b: 2, c: 1 } }));
    expect(ranking(g)).toMatchObject({ ownerMicro: 180_000n });
    expect(['a', 'b', 'c', 'v1', 'v2'].map((name) => rowOf(g, name).emissionMicro)).toEqual([
      205_000n,
      136_666n,
      68_333n,
      307_500n,
      102_499n,
    ]);
    // What rounding leaves stays in the pool.
    expect(ranking(g).emittedMicro).toBe(999_998n);
    expect(g.market().poolMicro).toBe(80_000_000n - 999_998n);
    const gained = [g.balance('market-owner'), g.balance('bob'), g.balance('alice')].map(
      (balance, index) => balance - before[index]!,
    );
    expect(gained).toEqual([180_000n, 409_999n, 409_999n]);
    expect(g.expert('a')).toMatchObject({ incomeMicro: 0n, lastIncomeMicro: 205_000n });
  });

  test('is never more than the pool holds', () => {
    const g = game({ v1: 1_000n }, ['a'], {}, 1_500_000n);
    times(4, () => g.round({ v1: { a: 1 } }));
    expect(g.market().poolMicro).toBe(0n);
    expect(ranking(g).emittedMicro).toBe(0n);
    expect(g.balance('market-owner')).toBe(10_000_000n + 270_000n);
  });

  test('is nothing in a fee-only market, which is ranked all the same', () => {
    const g = game({ v1: 1_000n }, ['a'], { emission: { ...emitting, perEpochMicro: 0n } });
    times(2, () => g.round({ v1: { a: 1 } }));
    expect(ranking(g)).toMatchObject({ emittedMicro: 0n, ownerMicro: 0n });
    expect(rowOf(g, 'a')).toMatchObject({ incentive: 65_535, emissionMicro: 0n });
    expect(g.market().poolMicro).toBe(80_000_000n);
  });

  test('leaves the owner nothing where nobody ranked', () => {
    const g = game({ v1: 1_000n }, ['a']);
    times(3, () => g.endEpoch('v1'));
    expect(g.balance('market-owner')).toBe(10_000_000n);
    expect(g.market().poolMicro).toBe(80_000_000n);
  });

  test('halves with the age of the market', () => {
    const g = game({ v1: 1_000n }, ['a'], { emission: { ...emitting, halvingEpochs: 4 } });
    const paid: bigint[] = [];
    times(12, () => {
      g.round({ v1: { a: 1 } });
      paid.push(ranking(g).emittedMicro);
    });
    // Epochs 2 to 13 of a market of epoch 1; the weights of epoch 2 rank at the end of epoch 3.
    expect(paid).toEqual([
      0n,
      ...[3, 4].map(() => 1_000_000n),
      ...[5, 6, 7, 8].map(() => 500_000n),
      ...[9, 10, 11, 12].map(() => 250_000n),
      125_000n,
    ]);
  });

  test.each(methods)('%s: parts are whole, add up to what is paid, and to no more than is due', (method) => {
    const weights = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 65_535 }));
    const stake = fc.bigInt(100n, 2_000_000n);
    fc.assert(
      fc.property(
        fc.tuple(stake, stake, stake),
        fc.array(fc.tuple(weights, weights, weights), { minLength: 2, maxLength: 4 }),
        fc.bigInt(0n, 3_000_000n),
        fc.integer({ min: 0, max: 5_000 }),
        ([v1, v2, v3], rounds, poolMicro, ownerShareBps) => {
          const emission = { ...emitting, ownerShareBps };
          const g = game({ v1, v2, v3 }, ['a', 'b', 'c'], { emission, ...rankedBy(method) }, poolMicro);
          for (const [w1, w2, w3] of rounds) {
            const before = g.market().poolMicro;
            g.round({ v1: w1, v2: w2, v3: w3 });
            const { emittedMicro, ownerMicro, experts, validators } = ranking(g);
            const parts = [...experts, ...validators].map(({ emissionMicro }) => emissionMicro);
            expect(ownerMicro + sum(parts)).toBe(emittedMicro);
            expect(before - g.market().poolMicro).toBe(emittedMicro);
            const dueMicro = before < 1_000_000n ? before : 1_000_000n;
            expect(emittedMicro <= dueMicro).toBe(true);
            // All or nothing, but for a rest of rounding: not a unit for each who is paid.
            if (ownerMicro > 0n) expect(dueMicro - emittedMicro < BigInt(parts.length)).toBe(true);
            if (sum(parts) === 0n) expect(emittedMicro).toBe(0n);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('minting', () => {
  const mint = { perEpochMicro: 64n, halvingEpochs: 100, capMicro: 10_000n };
  const minting = (open: readonly string[], rules: Partial<typeof mint> = {}) => {
    const tx = genesis();
    return {
      ...tx,
      rules: { ...tx.rules, mint: { ...mint, ...rules } },
      markets: open.map((name) => ({
        market: name as MarketId,
        owner: idOf('market-owner'),
        terms: fixtureTerms({
          emission: name.startsWith('free') ? { ...emitting, perEpochMicro: 0n } : emitting,
        }),
      })),
    };
  };

  test('is for the markets of the genesis, by their weights: one opened later gets nothing', () => {
    const state = emptyState();
    const tx = minting(['one', 'two']);
    applyTransaction(state, {
      ...tx,
      markets: tx.markets.map((each, index) => ({ ...each, mintWeight: 3 - 2 * index })),
    });
    const create = {
      kind: 'createMarket',
      market: 'late' as MarketId,
      terms: fixtureTerms({ emission: emitting }),
    } as const;
    expect(applyTransaction(state, transactionFrom(state, 'bob', create)).applied).toBe(true);
    const end = epochEnd(state.network.get('network')!, []);
    expect(applyTransaction(state, transactionFrom(state, 'treasury', end)).applied).toBe(true);
    expect(['one', 'two', 'late'].map((market) => state.markets.get(market)!.poolMicro)).toEqual([
      48n,
      16n,
      0n,
    ]);
  });

  test('follows its schedule, keeps under its cap and is all of the supply’s growth, over 10,000 epochs', () => {
    const state = emptyState();
    applyTransaction(state, minting(['one', 'free'], { capMicro: 20_000n }));
    const first = totalMicro(state);
    let expected = 0n;
    times(10_000, (index) => {
      const end = epochEnd(state.network.get('network')!, []);
      expect(applyTransaction(state, transactionFrom(state, 'treasury', end)).applied).toBe(true);
      expected += halved(64n, index, 100);
      if (index % 100 !== 0) return;
      const { mintedMicro, supplyMicro } = state.network.get('network')!;
      expect([mintedMicro, supplyMicro, totalMicro(state)]).toEqual([
        expected,
        first + expected,
        first + expected,
      ]);
    });
    // 64 + 32 + … + 1 for a hundred epochs each.
    expect(state.network.get('network')?.mintedMicro).toBe(12_700n);
    expect(state.markets.get('free' as MarketId)?.poolMicro).toBe(0n);
    expect(state.markets.get('one' as MarketId)?.poolMicro).toBe(12_700n);
  });

  test('ends at the cap', () => {
    const state = emptyState();
    applyTransaction(state, minting(['one', 'two'], { capMicro: 1_001n, halvingEpochs: 1_000_000 }));
    times(40, () =>
      applyTransaction(
        state,
        transactionFrom(state, 'treasury', epochEnd(state.network.get('network')!, [])),
      ),
    );
    expect(state.network.get('network')).toMatchObject({ epoch: 41, mintedMicro: 1_000n });
  });

  test('makes nothing for markets that close, nor where there is none', () => {
    const state = emptyState();
    applyTransaction(state, minting(['one']));
    const close: Action = { kind: 'closeMarket', market: 'one' as MarketId };
    expect(applyTransaction(state, transactionFrom(state, 'market-owner', close)).applied).toBe(true);
    times(10, () =>
      applyTransaction(
        state,
        transactionFrom(state, 'treasury', epochEnd(state.network.get('network')!, [])),
      ),
    );
    expect(state.network.get('network')).toMatchObject({ epoch: 11, mintedMicro: 0n, marketCount: 0 });
  });

  test('halves by shifting, down to nothing', () => {
    expect([0, 9, 10, 19, 20, 630, 640, 10_000].map((epoch) => halved(2n ** 62n, epoch, 10))).toEqual([
      2n ** 62n,
      2n ** 62n,
      2n ** 61n,
      2n ** 61n,
      2n ** 60n,
      0n,
      0n,
      0n,
    ]);
  });
});

describe.each(methods)('the ledger ranks as the ranking itself does: %s', (method) => {
  test('over epochs, with stake, weights, bonds and permits of its records', () => {
    const stakes = { v1: 5_000n, v2: 3_000n, v3: 1_500n };
    const g = game(stakes, ['a', 'b', 'c', 'd'], { ...rankedBy(method), permits: 2 });
    const order = (names: readonly string[]): NodeId[] => names.map(nodeOf).sort();
    const experts = order(['a', 'b', 'c', 'd']);
    const validators = order(Object.keys(stakes));
    const given = (index: number): Record<string, NamedWeights> => ({
      v1: { a: 10 + index, b: 5, c: 1 },
      v2: { a: 4, b: 2 + index, d: 3 },
      ...(index === 0 ? { v3: { d: 9 } } : {}),
    });
    times(5, (index) => {
      const uid = (node: NodeId): number => experts.indexOf(node);
      const rows = (table: 'weights' | 'bonds') =>
        Object.fromEntries(
          validators.map((node, at) => [
            4 + at,
            (g.state[table].get(weightsKey(MARKET, node))?.values ?? []).map(
              ([expert, value]): [number, number] => [uid(expert), value],
            ),
          ]),
        );
      const bonds = rows('bonds');
      const permits = g.state.rankings.get(MARKET)!.permits;
      const epoch = g.network().epoch;
      const names = Object.keys(stakes);
      g.round(given(index), names);
      const weights = rows('weights');
      const lastUpdate = validators.map((node) => g.state.weights.get(weightsKey(MARKET, node))?.epoch ?? 0);
      const direct = rankEpoch({
        block: epoch,
        stake: [
          0,
          0,
          0,
          0,
          ...validators.map((node) => stakes[names.find((name) => nodeOf(name) === node) as 'v1']),
        ],
        validatorPermit: [
          ...experts.map(() => false),
          ...validators.map(
            (node, at) => lastUpdate[at]! > 0 && (permits.length === 0 || permits.includes(node)),
          ),
        ],
        lastUpdate: [0, 0, 0, 0, ...lastUpdate],
        blockAtRegistration: new Array(7).fill(1),
        weights,
        bonds,
        params: {
          ...fixtureTerms(rankedBy(method)).ranking,
          maxAllowedValidators: 2,
          tempo: 1,
          activityCutoffBlocks: 14,
          lastMechanismStepBlock: epoch - 1,
          commitReveal: true,
          emission: 820_000,
        },
      });
      const after = ranking(g);
      expect(after.experts.map((row) => row.incentive)).toEqual(direct.u16.incentive.slice(0, 4));
      expect(after.experts.map((row) => row.consensus)).toEqual(direct.u16.consensus.slice(0, 4));
      expect(after.validators.map((row) => row.dividends)).toEqual(direct.u16.dividends.slice(4));
      expect(after.validators.map((row) => row.validatorTrust)).toEqual(direct.u16.validatorTrust.slice(4));
      expect(after.permits).toEqual(validators.filter((_, at) => direct.newValidatorPermit[4 + at]));
      if (index > 0) {
        const paid = [...after.experts, ...after.validators].map(({ emissionMicro }) =>
          Number(emissionMicro),
        );
        expect(paid).toEqual(direct.emission);
        expect(sum(paid.map(BigInt))).toBeGreaterThan(0n);
      }
      validators.forEach((node, at) => {
        const stored = (g.state.bonds.get(weightsKey(MARKET, node))?.values ?? []).map(([expert, value]) => [
          uid(expert),
          value,
        ]);
        expect(stored).toEqual(direct.storedBonds[4 + at]);
      });
    });
    expect(ranking(g).permits).toHaveLength(2);
  });
});
