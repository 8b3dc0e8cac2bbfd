import { hashOf, type MarketId, type NodeId } from '@market-of-experts/core';
import { describe, expect, test } from 'vitest';
import { weightsCommitment } from '../../../src/ledger/epochs/weights.ts';
import { weightCommitKey, weightsKey } from '../../../src/ledger/state/state.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import { fixtureTerms, MARKET, NETWORK, nodeOf, registerExpert } from '../ledger-fixture.ts';
import { addExperts, addValidators, commit, type Play, play, reveal, weightList } from '../play-fixture.ts';

/** Validators v1 (2,000), v2 (1,000) and experts a, b, in epoch 2: both validators have stake that ranks. */
function game(permits = 64): Play {
  const g = play((tx) => ({ ...tx, markets: [{ ...tx.markets[0]!, terms: fixtureTerms({ permits }) }] }));
  addValidators(g, { v1: 2_000n, v2: 1_000n });
  addExperts(g, ['a', 'b']);
  g.endEpoch('v1', 'v2');
  return g;
}
const weightsOf = (g: Play, validator: string) => g.state.weights.get(weightsKey(MARKET, nodeOf(validator)));
const openCommit = (g: Play, validator: string, epoch: number) =>
  g.state.weightCommits.get(weightCommitKey(MARKET, nodeOf(validator), epoch));

describe('a promise', () => {
  test('is kept until it is opened in the next epoch', () => {
    const g = game();
    const promise = g.promise('v1', { a: 3, b: 1 });
    g.mustNode('v1', commit(promise));
    expect(openCommit(g, 'v1', 2)?.commitment).toBe(weightsCommitment(promise));
    g.endEpoch('v1', 'v2');
    g.mustNode('v1', reveal(promise));
    expect(weightsOf(g, 'v1')).toEqual({
      market: MARKET,
      validator: nodeOf('v1'),
      epoch: 2,
      values: weightList({ a: 3, b: 1 }),
    });
    expect(openCommit(g, 'v1', 2)).toBeUndefined();
  });

  test('is made once an epoch and market, for the running epoch, by a validator, where there is a market', () => {
    const g = game();
    const promise = g.promise('v1', { a: 1 });
    g.refuseNode('v1', commit({ ...promise, epoch: 1 }), 'too-late');
    g.refuseNode('v1', commit({ ...promise, epoch: 3 }), 'too-late');
    g.refuseNode('v1', commit({ ...promise, market: 'nowhere' as MarketId }), 'unknown-market');
    g.refuseNode('stranger', commit(promise), 'not-authorised');
    // An expert's key is no validator's, nor is an owner's.
    g.refuseNode('a', commit(promise), 'not-authorised');
    g.refuse('alice', commit(promise), 'not-permitted');
    g.mustNode('v1', commit(promise));
    g.refuseNode('v1', commit(promise), 'already-committed');
    g.refuseNode('v1', commit(g.promise('v1', { b: 1 })), 'already-committed');
  });

  test('is no longer made by a validator that is leaving', () => {
    const g = game();
    g.must('alice', { kind: 'deregister', target: { role: 'validator', node: nodeOf('v1') } });
    g.refuseNode('v1', commit(g.promise('v1', { a: 1 })), 'not-permitted');
  });

  test('may be made in every market', () => {
    const g = game();
    const other = 'other-market' as MarketId;
    g.must('carol', { kind: 'createMarket', market: other, terms: fixtureTerms() });
    const here = g.promise('v1', { a: 1 });
    const there = g.promise('v1', { b: 1 }, other);
    g.mustNode('v1', commit(here));
    g.mustNode('v1', commit(there));
    g.endEpoch('v1', 'v2');
    // What was promised in one market means nothing in the other.
    g.refuseNode('v1', reveal({ ...here, market: other }), 'not-committed');
    g.mustNode('v1', reveal(there));
    g.mustNode('v1', reveal(here));
    expect(weightsOf(g, 'v1')?.values).toEqual(weightList({ a: 1 }));
  });

  test('needs a permit: only the validators with the most stake have one, an epoch after they have it', () => {
    const g = game(1);
    // Stake that came in the first epoch ranks from the second on: nobody is left out yet.
    expect(g.state.rankings.get(MARKET)?.permits).toEqual([]);
    g.mustNode('v2', commit(g.promise('v2', { a: 1 })));
    g.endEpoch('v1', 'v2');
    expect(g.state.rankings.get(MARKET)?.permits).toEqual([nodeOf('v1')]);
    const { message } = g.refuseNode('v2', commit(g.promise('v2', { a: 1 })), 'not-permitted');
    expect(message).toContain('Only the 1 validators with the most stake');
    g.must('alice', {
      kind: 'stake',
      target: { role: 'validator', node: nodeOf('v2') },
      amountMicro: 5_000n,
    });
    g.endEpoch('v1', 'v2');
    // The stake counts now; the permit is for the epoch after the ranking that saw it.
    g.refuseNode('v2', commit(g.promise('v2', { a: 1 })), 'not-permitted');
    g.endEpoch('v1', 'v2');
    g.mustNode('v2', commit(g.promise('v2', { a: 1 })));
    g.refuseNode('v1', commit(g.promise('v1', { a: 1 })), 'not-permitted');
  });
});

describe('a reveal', () => {
  const promised = (): { g: Play; promise: ReturnType<Play['promise']> } => {
    const g = game();
    const promise = g.promise('v1', { a: 3, b: 1 });
    g.mustNode('v1', commit(promise));
    return { g, promise };
  };

  test('comes neither in the epoch of the promise nor two epochs later', () => {
    const { g, promise } = promised();
    g.refuseNode('v1', reveal(promise), 'too-early');
    g.endEpoch('v1', 'v2');
    g.endEpoch('v1', 'v2');
    g.refuseNode('v1', reveal(promise), 'too-late');
    expect(openCommit(g, 'v1', 2)).toBeUndefined();
    expect(weightsOf(g, 'v1')).toBeUndefined();
  });

  test('opens what was promised: salt, weights, validator, network and epoch are all inside', () => {
    const { g, promise } = promised();
    g.endEpoch('v1', 'v2');
    g.refuseNode('v1', reveal({ ...promise, salt: hashOf('test/salt', 'another') }), 'not-committed');
    g.refuseNode('v1', reveal({ ...promise, weights: weightList({ a: 3, b: 2 }) }), 'not-committed');
    g.refuseNode('v1', reveal({ ...promise, weights: [] }), 'not-committed');
    g.refuseNode('v2', reveal(promise), 'not-committed');
    g.refuseNode('v1', reveal({ ...promise, market: 'nowhere' as MarketId }), 'unknown-market');
    g.mustNode('v1', reveal(promise));
    g.refuseNode('v1', reveal(promise), 'not-committed');
    for (const other of [{ network: 'other-net' }, { epoch: 3 }, { validator: nodeOf('v2') }])
      expect(weightsCommitment({ ...promise, ...other })).not.toBe(weightsCommitment(promise));
  });

  test('of a copied promise opens nothing for the copier', () => {
    const { g, promise } = promised();
    // v2 copies the hash itself without knowing what is in it …
    g.mustNode('v2', commit(promise));
    g.endEpoch('v1', 'v2');
    g.mustNode('v1', reveal(promise));
    // … and cannot open it even when it is public.
    g.refuseNode('v2', reveal(promise), 'not-committed');
    g.refuseNode('v2', reveal({ ...promise, validator: nodeOf('v2') }), 'not-committed');
  });

  test.each<[string, (list: (readonly [NodeId, number])[]) => (readonly [NodeId, number])[]]>([
    ['in another order', (list) => list.toReversed()],
    ['with an expert twice', (list) => [list[0]!, ...list]],
  ])('%s is refused even if it was promised so', (_, change) => {
    const g = game();
    const promise = g.promise('v1', { a: 3, b: 1 });
    const wrong = { ...promise, weights: change([...promise.weights]) };
    g.mustNode('v1', commit(wrong));
    g.endEpoch('v1', 'v2');
    g.refuseNode('v1', reveal(wrong), 'not-canonical');
  });

  test('of no weights at all is a reveal: it replaces what was there', () => {
    const g = game();
    g.round({ v1: { a: 1 }, v2: { a: 1 } });
    g.round({ v1: {}, v2: { a: 1 } });
    expect(weightsOf(g, 'v1')?.values).toEqual(weightList({ a: 1 }));
    g.round({ v1: { a: 1 }, v2: { a: 1 } });
    expect(weightsOf(g, 'v1')).toMatchObject({ epoch: 3, values: [] });
  });
});

test('a replaced key keeps permit and weights; its open promise is gone', () => {
  const g = game();
  g.round({ v1: { a: 1 }, v2: { a: 1 } });
  g.round({ v1: { a: 1 }, v2: { a: 1 } });
  const { consent } = registerExpert('alice', 'v1-new', 1n) as Extract<Action, { kind: 'registerExpert' }>;
  g.must('alice', {
    kind: 'rotate',
    target: { role: 'validator', node: nodeOf('v1') },
    next: nodeOf('v1-new'),
    consent,
  });
  expect(weightsOf(g, 'v1-new')).toMatchObject({ epoch: 2, validator: nodeOf('v1-new') });
  expect(openCommit(g, 'v1', 3)).toBeUndefined();
  // The permits of the last ranking name the old key: the new one holds them.
  g.mustNode('v1-new', commit(g.promise('v1-new', { a: 1 })));
  g.refuseNode('v1', commit(g.promise('v1', { a: 1 })), 'not-authorised');
  g.endEpoch('v1-new', 'v2');
  const row = g.state.rankings.get(MARKET)!.validators.find(({ node }) => node === nodeOf('v1-new'))!;
  expect(row.activeStake).toBeGreaterThan(40_000);
  expect(weightsCommitment(g.promise('v2', {}))).not.toBe(
    weightsCommitment({ ...g.promise('v2', {}), network: `${NETWORK}-2` }),
  );
});
