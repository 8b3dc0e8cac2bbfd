import { describe, expect, test } from 'vitest';
import type { RankingTerms } from '../../../src/terms/terms.ts';
import { fixtureTerms, idOf, MARKET, nodeOf } from '../ledger-fixture.ts';
import { addExperts, addValidators, type NamedWeights, type Play, play } from '../play-fixture.ts';

const experts = ['a', 'b', 'c', 'd', 'e'] as const;
const epochs = 20;

function game(stakes: Readonly<Record<string, bigint>>, method: RankingTerms['method']): Play {
  const g = play((tx) => ({
    ...tx,
    balances: [...tx.balances, { account: idOf('donor'), amountMicro: 100_000_000n }],
    markets: [
      {
        ...tx.markets[0]!,
        terms: fixtureTerms({
          emission: { perEpochMicro: 1_000_000n, halvingEpochs: 1_000_000, ownerShareBps: 0 },
          ranking: { ...fixtureTerms().ranking, method },
        }),
      },
    ],
  }));
  addValidators(g, stakes);
  addExperts(g, experts);
  g.must('donor', { kind: 'fundMarket', market: MARKET, amountMicro: 100_000_000n });
  g.endEpoch(...Object.keys(stakes));
  return g;
}

/** Shares of all that experts, and all that validators, were paid. */
function shares(g: Play, names: readonly string[], given: (epoch: number) => Record<string, NamedWeights>) {
  const paid = new Map<string, number>();
  for (let epoch = 0; epoch <= epochs; epoch += 1) {
    g.round(given(epoch), names);
    const { experts: rows, validators } = g.state.rankings.get(MARKET)!;
    for (const { node, emissionMicro } of [...rows, ...validators])
      paid.set(node, (paid.get(node) ?? 0) + Number(emissionMicro));
  }
  const shareOf = (group: readonly string[]) => {
    const amounts = group.map((name) => paid.get(nodeOf(name)) ?? 0);
    const total = amounts.reduce((sum, amount) => sum + amount, 0);
    return amounts.map((amount) => amount / total);
  };
  return { experts: shareOf(experts), validators: shareOf(names) };
}

const stake = 100_000n;
const honest: NamedWeights = { a: 32, b: 16, c: 8, d: 4, e: 2 };
const three = { v1: stake, v2: stake, v3: stake };
const agree = { v1: honest, v2: honest, v3: honest };
const unbent = experts.map((name) => honest[name]! / 62);

describe.each(['yuma', 'yuma3'] as const)('a quarter of the stake against the rest: %s', (method) => {
  const lies: readonly (readonly [string, NamedWeights])[] = [
    ['the opposite', { a: 2, b: 4, c: 8, d: 16, e: 32 }],
    ['all for the worst', { e: 65_535 }],
    ['the best left out', { b: 16, c: 8, d: 4, e: 2 }],
  ];
  test.each(lies)(
    '%s: bends shares by no more than its own, turns no order, and earns less than half',
    (_, lie) => {
      const stakes = { ...three, liar: stake };
      const result = shares(game(stakes, method), Object.keys(stakes), () => ({ ...agree, liar: lie }));
      // Clipped weights are below the consensus: what he adds is nothing, what he keeps back is a quarter at most.
      const tolerance = 1e-5;
      result.experts.forEach((share, index) => {
        expect(share).toBeLessThanOrEqual(unbent[index]! / 0.75 + tolerance);
        expect(share).toBeGreaterThanOrEqual(unbent[index]! * 0.75 - tolerance);
      });
      expect([...result.experts].sort((x, y) => y - x)).toEqual(result.experts);
      const liar = result.validators[3]!;
      for (const share of result.validators.slice(0, 3)) expect(liar).toBeLessThan(share / 2);
    },
  );

  test('without a liar the shares are those of the weights, and validators earn by their stake', () => {
    const result = shares(game(three, method), Object.keys(three), () => agree);
    result.experts.forEach((share, index) => {
      expect(share).toBeCloseTo(unbent[index]!, 5);
    });
    for (const share of result.validators) expect(share).toBeCloseTo(1 / 3, 5);
  });

  test('who copies what was revealed is an epoch behind, and earns less than who measures', () => {
    const stakes = { ...three, copier: stake };
    // The truth of an epoch: the experts take turns at being good.
    const truth = (epoch: number): NamedWeights =>
      Object.fromEntries(experts.map((name, index) => [name, 2 ** ((index + epoch) % experts.length)]));
    const result = shares(game(stakes, method), Object.keys(stakes), (epoch) => {
      const now = truth(epoch);
      // What v1 reveals in this epoch is what it promised in the last one.
      return { v1: now, v2: now, v3: now, copier: epoch === 0 ? {} : truth(epoch - 1) };
    });
    const copier = result.validators[3]!;
    for (const share of result.validators.slice(0, 3)) expect(copier).toBeLessThan(share * 0.7);
  });
});

describe('a quarter of the stake against the rest: median', () => {
  test.each<[string, NamedWeights]>([
    ['the opposite', { a: 2, b: 4, c: 8, d: 16, e: 32 }],
    ['all for the worst', { e: 65_535 }],
    ['the best left out', { b: 16, c: 8, d: 4, e: 2 }],
  ])('%s: changes nothing, and earns less than half', (_, lie) => {
    const stakes = { ...three, liar: stake };
    const result = shares(game(stakes, 'median'), Object.keys(stakes), () => ({ ...agree, liar: lie }));
    result.experts.forEach((share, index) => {
      expect(share).toBeCloseTo(unbent[index]!, 5);
    });
    for (const share of result.validators.slice(0, 3)) expect(result.validators[3]!).toBeLessThan(share / 2);
  });
});

test('the paper’s mechanism, which clips nothing, lets a liar who names everybody earn like the others', () => {
  const stakes = { ...three, liar: stake };
  const lie = { a: 2, b: 4, c: 8, d: 16, e: 32 };
  const result = shares(game(stakes, 'paper'), Object.keys(stakes), () => ({ ...agree, liar: lie }));
  for (const share of result.validators) expect(share).toBeCloseTo(0.25, 3);
  // The worst of the five gets more than four times what it is worth: a reason to choose another method.
  expect(result.experts[4]).toBeGreaterThan(4 * unbent[4]!);
});
