import { type MarketId, shareBps } from '@market-of-experts/core';
import { describe, expect, test } from 'vitest';
import { weightsKey } from '../../../src/ledger/state/state.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import type { MarketTerms } from '../../../src/terms/terms.ts';
import { fixtureTerms, idOf, MARKET, nodeOf, registerExpert, registerValidator } from '../ledger-fixture.ts';
import {
  addExperts,
  addValidators,
  commit,
  epochEnd,
  type NamedWeights,
  type Play,
  play,
  reveal,
} from '../play-fixture.ts';

const perEpochMicro = 1_000_000n;
const emitting = { perEpochMicro, halvingEpochs: 1_000_000, ownerShareBps: 1_800 };
/** A market that pays a million an epoch, from a pool of eighty, in epoch 2: its experts' weights count from now on. */
function game(
  stakes: Readonly<Record<string, bigint>>,
  experts: readonly string[],
  terms: Partial<MarketTerms> = {},
): Play {
  const g = play((tx) => ({
    ...tx,
    rules: { ...tx.rules, unbondingEpochs: 2 },
    balances: [...tx.balances, { account: idOf('donor'), amountMicro: 80_000_000n }],
    markets: [{ ...tx.markets[0]!, terms: fixtureTerms({ emission: emitting, ...terms }) }],
  }));
  addValidators(g, stakes);
  addExperts(g, experts);
  g.must('donor', { kind: 'fundMarket', market: MARKET, amountMicro: 80_000_000n });
  g.endEpoch(...Object.keys(stakes));
  return g;
}
const ranking = (g: Play) => g.state.rankings.get(MARKET)!;
const expertRow = (g: Play, name: string) => ranking(g).experts.find(({ node }) => node === nodeOf(name))!;
const validatorRow = (g: Play, name: string) =>
  ranking(g).validators.find(({ node }) => node === nodeOf(name))!;
const times = (count: number, act: () => void): void => {
  for (let index = 0; index < count; index += 1) act();
};
const target = (node: string) => ({ role: 'validator', node: nodeOf(node) }) as const;

describe('an epoch ends', () => {
  test('when its time is over by the clocks of two thirds of the stake, once', () => {
    const g = play();
    addValidators(g, { v1: 200n, v2: 200n, v3: 199n });
    const end = (signers: string[], atMs?: number) => epochEnd(g.network(), signers, atMs);
    g.refuse('carol', end(['v1', 'v2', 'v3'], 999), 'too-early');
    g.refuse('carol', end(['v1', 'v3'], 1_000), 'no-quorum');
    // Nobody counts twice, strangers not at all.
    g.refuse('carol', end(['v1', 'v1', 'v1'], 1_000), 'no-quorum');
    g.refuse('carol', end(['v1', 'x', 'y'], 1_000), 'no-quorum');
    g.refuse('carol', { ...end(['v1', 'v2'], 1_000), epoch: 2 } as Action, 'too-late');
    // Anybody may bring the signatures, a validator's own key, too.
    const first = end(['v1', 'v2'], 1_234);
    g.mustNode('v3', first);
    expect(g.network()).toMatchObject({ epoch: 2, epochStartedMs: 1_234 });
    g.refuse('carol', first, 'too-late');
    g.refuse('carol', end(['v1', 'v2'], 2_233), 'too-early');
    g.must('carol', end(['v1', 'v2'], 2_234));
  });

  test('without the stake of validators that are leaving', () => {
    const g = play();
    addValidators(g, { v1: 600n, v2: 200n });
    g.must('alice', { kind: 'deregister', target: target('v1') });
    g.refuse('carol', epochEnd(g.network(), ['v1']), 'no-quorum');
    g.must('carol', epochEnd(g.network(), ['v2']));
  });

  test('by the treasury alone only where no validator is present', () => {
    const g = play();
    g.refuse('carol', epochEnd(g.network(), []), 'no-quorum');
    g.must('treasury', epochEnd(g.network(), []));
    addValidators(g, { v1: 100n });
    const { epochStartedMs, rules } = g.network();
    for (const overdueEpochs of [0, 4, 1_000])
      g.refuse(
        'treasury',
        epochEnd(g.network(), [], epochStartedMs + (1 + overdueEpochs) * rules.epochMs),
        'no-quorum',
      );
  });
});

describe('the beacon', () => {
  type Promised = ReadonlyMap<string, ReturnType<Play['promise']>>;
  const beaconAfter = (change: (g: Play, promised: Promised) => void): string => {
    const g = game({ v1: 1_000n, v2: 1_000n }, ['a']);
    const promised = new Map(['v1', 'v2'].map((name) => [name, g.promise(name, { a: 1 })] as const));
    for (const [name, promise] of promised) g.mustNode(name, commit(promise));
    g.endEpoch('v1', 'v2');
    change(g, promised);
    const { beacon } = g.network();
    g.endEpoch('v1', 'v2');
    expect(g.network().beacon).not.toBe(beacon);
    return g.network().beacon;
  };
  const opening =
    (...names: string[]) =>
    (g: Play, promised: Promised): void => {
      for (const name of names) g.mustNode(name, reveal(promised.get(name)!));
    };

  test('is made of what was revealed, and of nothing else', () => {
    const quiet = beaconAfter(() => undefined);
    expect(beaconAfter((g) => g.must('bob', { kind: 'transfer', to: idOf('carol'), amountMicro: 5n }))).toBe(
      quiet,
    );
    expect(beaconAfter((g) => g.must('carol', registerExpert('carol', 'b', 100n)))).toBe(quiet);
    expect(beaconAfter((g) => g.mustNode('v1', commit(g.promise('v1', { a: 9 }))))).toBe(quiet);
    const [one, other, both] = [['v1'], ['v2'], ['v1', 'v2']].map((names) => beaconAfter(opening(...names)));
    expect(new Set([quiet, one, other, both]).size).toBe(4);
  });

  test('stays as it is while an epoch runs', () => {
    const g = game({ v1: 1_000n, v2: 1_000n }, ['a']);
    const promise = g.promise('v1', { a: 1 });
    g.mustNode('v1', commit(promise));
    g.endEpoch('v1', 'v2');
    const { beacon, entropy } = g.network();
    g.mustNode('v1', reveal(promise));
    expect(g.network().beacon).toBe(beacon);
    expect(g.network().entropy).not.toBe(entropy);
  });
});

describe('who counts', () => {
  test('weights of one epoch rank at the end of the next', () => {
    const g = game({ v1: 1_000n, v2: 1_000n }, ['a', 'b']);
    g.round({ v1: { a: 3, b: 1 }, v2: { a: 3, b: 1 } });
    expect(ranking(g).emittedMicro).toBe(0n);
    g.round({ v1: {}, v2: {} });
    expect(expertRow(g, 'a').incentive).toBeGreaterThan(49_000);
    expect(ranking(g).emittedMicro).toBeGreaterThan(perEpochMicro - 10n);
  });

  test('a validator that reveals late keeps its old weights, and none after the cutoff', () => {
    const g = game({ v1: 1_000n, v2: 1_000n }, ['a', 'b'], {
      ranking: { ...fixtureTerms().ranking, activityCutoffEpochs: 3 },
    });
    times(2, () => g.round({ v1: { a: 1 }, v2: { a: 1 } }));
    // v2 never opens its last promise: what is in force from it is of epoch 2.
    times(2, () => g.round({ v1: { a: 1 } }, ['v1', 'v2']));
    const kept = g.state.weights.get(weightsKey(MARKET, nodeOf('v2')));
    expect(kept?.epoch).toBe(2);
    expect(g.network().epoch).toBe(6);
    expect([validatorRow(g, 'v1').activeStake, validatorRow(g, 'v2').activeStake]).toEqual([32_767, 32_767]);
    const before = validatorRow(g, 'v2').emissionMicro;
    g.round({ v1: { a: 1 } }, ['v1', 'v2']);
    expect([validatorRow(g, 'v1').activeStake, validatorRow(g, 'v2').activeStake]).toEqual([65_535, 0]);
    expect(g.state.weights.get(weightsKey(MARKET, nodeOf('v2')))).toEqual(kept);
    // Its bonds are left and fade by a tenth an epoch.
    times(20, () => g.round({ v1: { a: 1 } }, ['v1', 'v2']));
    expect(validatorRow(g, 'v2').emissionMicro).toBeLessThan(before / 7n);
  });

  test('a validator that never revealed weights stops nobody, however much stake it has', () => {
    const g = game({ v1: 1_000n, silent: 1_000_000n }, ['a']);
    times(2, () => g.round({ v1: { a: 1 } }, ['v1', 'silent']));
    expect(validatorRow(g, 'silent')).toMatchObject({ activeStake: 0, emissionMicro: 0n });
    expect(expertRow(g, 'a').incentive).toBe(65_535);
  });

  test('a majority that reveals no weights leaves nobody ranked and nothing paid', () => {
    const g = game({ v1: 1_000n, v2: 1_000n, v3: 1_000n }, ['a']);
    times(2, () => g.round({ v1: { a: 1 }, v2: {}, v3: {} }));
    expect(expertRow(g, 'a')).toMatchObject({ incentive: 0, emissionMicro: 0n });
    expect(ranking(g)).toMatchObject({ emittedMicro: 0n, ownerMicro: 0n });
    expect(g.market().poolMicro).toBe(80_000_000n);
  });

  test('weight on one’s own node counts nothing, not even with all the stake', () => {
    const g = game({ v1: 1_000n, v3: 9_000n }, ['a', 'b']);
    g.must('carol', registerExpert('carol', 'v3', 100n));
    times(4, () => g.round({ v1: { a: 1 }, v3: { v3: 65_535 } }));
    expect(expertRow(g, 'v3')).toMatchObject({ consensus: 0, incentive: 0, emissionMicro: 0n });
    expect(ranking(g).emittedMicro).toBe(0n);
    // Beside others it is as if it had not been said.
    times(2, () => g.round({ v1: { a: 1 }, v3: { v3: 65_000, b: 1 } }));
    expect(expertRow(g, 'v3').incentive).toBe(0);
    expect(expertRow(g, 'b')).toMatchObject({ consensus: 65_535, incentive: 65_535 });
  });

  test('weight on one alone counts no more than the majority gives', () => {
    const g = game({ v1: 1_000n, v2: 1_000n, v3: 1_000n }, ['a', 'b']);
    // All on one expert: half of it is cut away, and with it the dividends.
    times(2, () => g.round({ v1: { a: 1, b: 1 }, v2: { a: 1, b: 1 }, v3: { a: 65_535 } }));
    expect(validatorRow(g, 'v3').validatorTrust).toBe(32_767);
    expect(validatorRow(g, 'v3').emissionMicro).toBeLessThan(validatorRow(g, 'v1').emissionMicro);
  });

  test('a market with one expert pays it everything that is for experts', () => {
    const g = game({ v1: 1_000n }, ['only']);
    times(2, () => g.round({ v1: { only: 7 } }));
    const rest = perEpochMicro - shareBps(perEpochMicro, 1_800);
    expect(expertRow(g, 'only').emissionMicro).toBe(rest / 2n);
    expect(validatorRow(g, 'v1').emissionMicro).toBe(rest / 2n);
  });

  test('without stake, without experts or without validators nothing is paid, and epochs go on', () => {
    const empty = game({}, ['a']);
    times(3, () => empty.endEpoch());
    expect(ranking(empty)).toMatchObject({ epoch: 4, emittedMicro: 0n, permits: [] });
    const alone = game({ v1: 1_000n }, []);
    times(3, () => alone.round({ v1: { ghost: 1 } }));
    expect(ranking(alone)).toMatchObject({ epoch: 4, emittedMicro: 0n, experts: [] });
    // All stake slashed away: the treasury goes on.
    const broke = play((tx) => ({ ...tx, minValidatorStakeMicro: 0n }));
    addValidators(broke, { v1: 0n });
    broke.endEpoch();
    expect(broke.network()).toMatchObject({ epoch: 2, validatorStakeMicro: 0n });
  });
});

describe('stake around the end of an epoch', () => {
  const honest: Record<string, NamedWeights> = { v1: { a: 1 }, v2: { b: 1 } };

  test('what comes during it ranks from the next on, what goes ranks no more', () => {
    const g = game({ v1: 1_000n, v2: 1_000n }, ['a', 'b']);
    times(2, () => g.round(honest));
    expect(validatorRow(g, 'v2').activeStake).toBe(32_767);
    g.must('alice', { kind: 'stake', target: target('v2'), amountMicro: 8_000n });
    g.round(honest, ['v1', 'v2']);
    expect(validatorRow(g, 'v2').activeStake).toBe(32_767);
    g.round(honest);
    expect(validatorRow(g, 'v2').activeStake).toBe(58_981);
    // Taken out at the last moment, after it was there when the epoch began.
    g.must('alice', { kind: 'unstake', target: target('v2'), amountMicro: 8_000n });
    g.round(honest);
    expect(validatorRow(g, 'v2').activeStake).toBe(32_767);
  });

  test('a validator that registers during it does not rank yet, one that leaves no more', () => {
    const g = game({ v1: 1_000n, v2: 1_000n }, ['a', 'b']);
    times(2, () => g.round(honest));
    addValidators(g, { v3: 9_000n });
    g.refuseNode('v3', commit(g.promise('v3', { b: 1 })), 'not-permitted');
    g.round(honest, ['v1', 'v2', 'v3']);
    expect(ranking(g).permits).toEqual([nodeOf('v1'), nodeOf('v2')].sort());
    g.must('alice', { kind: 'deregister', target: target('v2') });
    g.round({ v1: { a: 1 } }, ['v1', 'v3']);
    expect(ranking(g).validators.map(({ node }) => node)).toEqual([nodeOf('v1'), nodeOf('v3')].sort());
    expect(validatorRow(g, 'v1').activeStake).toBe(65_535);
  });
});

describe('who comes anew', () => {
  const yuma3 = { ranking: { ...fixtureTerms().ranking, method: 'yuma3' as const } };
  const bond = (g: Play, validator: string, expert: string) =>
    g.state.bonds
      .get(weightsKey(MARKET, nodeOf(validator)))
      ?.values.find(([node]) => node === nodeOf(expert))?.[1];

  test('weights that were promised before an expert registered say nothing about it', () => {
    const g = game({ v1: 1_000n }, ['a']);
    const guess = { v1: { a: 1, b: 9 } };
    times(2, () => g.round(guess));
    addExperts(g, ['b']);
    const registered = g.expert('b').registeredEpoch;
    g.round(guess);
    expect(expertRow(g, 'b').incentive).toBe(0);
    // Promised in the epoch of its registration: before or after, nobody can tell.
    g.round(guess);
    expect(g.state.weights.get(weightsKey(MARKET, nodeOf('v1')))?.epoch).toBe(registered);
    expect(expertRow(g, 'b').incentive).toBe(0);
    g.round(guess);
    expect(expertRow(g, 'b').incentive).toBeGreaterThan(58_000);
  });

  test('an expert that comes back begins without bonds, and so does a validator', () => {
    const g = game({ v1: 1_000n, v2: 1_000n }, ['a', 'b'], yuma3);
    const same = { v1: { a: 1, b: 1 }, v2: { a: 1, b: 1 } };
    times(2, () => g.round(same));
    const first = bond(g, 'v1', 'a');
    expect(first).toBeGreaterThan(0);
    times(5, () => g.round(same));
    expect(bond(g, 'v1', 'a')).toBeGreaterThan(3 * first!);
    g.must('bob', { kind: 'deregister', target: { role: 'expert', market: MARKET, node: nodeOf('a') } });
    times(2, () => g.round(same));
    expect(bond(g, 'v1', 'a')).toBeUndefined();
    addExperts(g, ['a']);
    times(3, () => g.round(same));
    expect(bond(g, 'v1', 'a')).toBe(first);

    g.must('alice', { kind: 'deregister', target: target('v2') });
    times(2, () => g.round({ v1: same.v1 }));
    expect(g.state.validators.get(nodeOf('v2'))).toBeUndefined();
    // Its old weights are fresh enough to count, but they went with it.
    expect(g.state.weights.get(weightsKey(MARKET, nodeOf('v2')))).toBeUndefined();
    expect(bond(g, 'v2', 'b')).toBeUndefined();
    g.must('alice', registerValidator('alice', 'v2', 1_000n));
    times(2, () => g.round({ v1: same.v1 }, ['v1', 'v2']));
    expect(validatorRow(g, 'v2').activeStake).toBe(0);
  });
});

test('two markets are ranked by themselves, from their own pools', () => {
  const other = 'other-market' as MarketId;
  const g = game({ v1: 1_000n }, ['a']);
  g.must('carol', {
    kind: 'createMarket',
    market: other,
    terms: fixtureTerms({ emission: { ...emitting, ownerShareBps: 5_000 } }),
  });
  g.must('carol', { kind: 'fundMarket', market: other, amountMicro: 1_000n });
  g.must('bob', { ...registerExpert('bob', 'a', 100n), market: other } as Action);
  g.endEpoch('v1');
  const promises = [g.promise('v1', { a: 1 }), g.promise('v1', { a: 1 }, other)];
  for (const promise of promises) g.mustNode('v1', commit(promise));
  g.endEpoch('v1');
  for (const promise of promises) g.mustNode('v1', reveal(promise));
  g.endEpoch('v1');
  expect(ranking(g)).toMatchObject({ emittedMicro: perEpochMicro, ownerMicro: 180_000n });
  expect(g.state.rankings.get(other)).toMatchObject({ emittedMicro: 1_000n, ownerMicro: 500n });
  expect(g.market(other).poolMicro).toBe(0n);
  expect(g.expert('a', other).lastIncomeMicro).toBe(250n);
});
