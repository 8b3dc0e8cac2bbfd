import { type AccountId, hashOf, type MarketId } from '@market-of-experts/core';
import { describe, expect, test } from 'vitest';
import { LEDGER_LIMITS } from '../../../src/fields/limits.ts';
import { applyTransaction } from '../../../src/ledger/apply.ts';
import { emptyState, expertKey, prepaidKey } from '../../../src/ledger/state/state.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import type { MarketTerms } from '../../../src/terms/terms.ts';
import {
  fixtureTerms,
  genesis,
  idOf,
  MARKET,
  nodeOf,
  registerExpert,
  settle,
  settlementBody,
} from '../ledger-fixture.ts';
import { addExperts, addValidators, type Play, play } from '../play-fixture.ts';

const OTHER = 'other-market' as MarketId;
const create = (market = OTHER, terms: Partial<MarketTerms> = {}): Action => ({
  kind: 'createMarket',
  market,
  terms: fixtureTerms(terms),
});
/** The fixture's terms with the next version of their parameters. */
const changed = (changes: Partial<MarketTerms> = {}, version = 2): MarketTerms =>
  fixtureTerms({ ...changes, parameters: { ...fixtureTerms().parameters, version, ...changes.parameters } });
const update = (terms: MarketTerms, market = MARKET): Action => ({ kind: 'updateMarket', market, terms });
const close = (market = MARKET): Action => ({ kind: 'closeMarket', market });
const joinOther = (node: string): Action =>
  ({ ...registerExpert('bob', node, 100n), market: OTHER }) as Action;
const epochs = (g: Play, count: number, ...signers: string[]): void => {
  for (let epoch = 0; epoch < count; epoch += 1) g.endEpoch(...signers);
};

describe('opening', () => {
  test('takes the network’s deposit and keeps it with the market', () => {
    const g = play();
    g.must('carol', create());
    expect(g.balance('carol')).toBe(10_000_000n - 1_000n);
    expect(g.market(OTHER)).toMatchObject({
      owner: idOf('carol'),
      depositMicro: 1_000n,
      version: 0,
      createdEpoch: 1,
    });
    expect(g.network().marketCount).toBe(2);
  });

  test('is refused for a name in use, for terms that cannot work, and without the money', () => {
    const g = play((tx) => ({
      ...tx,
      balances: [...tx.balances, { account: idOf('poor'), amountMicro: 999n }],
    }));
    g.refuse('carol', create(MARKET), 'already-registered');
    const imitation = create(`${MARKET.slice(0, -2)}-${MARKET.slice(-2)}` as typeof MARKET);
    expect(g.refuse('carol', imitation, 'already-registered').message).toContain('looks like the market');
    const { message } = g.refuse('carol', create(OTHER, { maximumExperts: 4 }), 'invalid-terms');
    expect(message).toContain('A shard of 5 cannot be filled by 4 experts');
    g.refuse('poor', create(), 'insufficient-funds');
  });

  test('is refused by the genesis with the market’s name', () => {
    const wrong = { ...genesis().markets[0]!, terms: fixtureTerms({ permits: 0 }) };
    expect(applyTransaction(emptyState(), { ...genesis(), markets: [wrong] })).toMatchObject({
      code: 'invalid-terms',
      message: expect.stringContaining('Market "text-embedding": permits is 0; it must be'),
    });
  });

  test('ends at the limit of the network', () => {
    const g = play();
    for (let index = 1; index < LEDGER_LIMITS.markets; index += 1)
      g.must('carol', create(`m-${index}` as MarketId));
    g.refuse('carol', create(), 'limit-reached');
  });
});

describe('new terms', () => {
  test('are the owner’s to announce, for a market that is there and not closing', () => {
    const g = play();
    g.refuse('alice', update(changed()), 'not-authorised');
    g.refuse('market-owner', update(changed(), OTHER), 'unknown-market');
    g.must('market-owner', close());
    g.refuse('market-owner', update(changed()), 'market-closing');
    g.refuse('market-owner', close(), 'market-closing');
    g.refuse('bob', registerExpert('bob', 'a', 100n), 'market-closing');
    g.refuse('bob', { kind: 'fundMarket', market: MARKET, amountMicro: 1n }, 'market-closing');
    g.refuse('bob', { kind: 'fundMarket', market: OTHER, amountMicro: 1n }, 'unknown-market');
  });

  test('leave task, space and loss as they are, need a higher version and must work', () => {
    const g = play();
    const { space, parameters } = fixtureTerms();
    const wrong: MarketTerms[] = [
      changed({ space: { ...space, baseEncoder: hashOf('test/baseEncoder', 1) } }),
      changed({
        space: { ...space, dimensions: 96 },
        parameters: { ...parameters, version: 2, dimensions: 96 },
      }),
      changed({ task: 'speech' as MarketTerms['task'] }),
      changed({ loss: 'guess' as MarketTerms['loss'] }),
      changed({}, 1),
      changed({}, 0),
      changed({ permits: 257 }),
    ];
    for (const terms of wrong) g.refuse('market-owner', update(terms), 'invalid-terms');
  });

  test('begin after the notice, and not before', () => {
    const g = play();
    g.must('market-owner', update(changed({ permits: 3 })));
    expect(g.market().next?.fromEpoch).toBe(1 + g.network().rules.noticeEpochs);
    epochs(g, 6);
    expect(g.market()).toMatchObject({ version: 0, terms: { permits: 256 } });
    g.endEpoch();
    expect(g.network().epoch).toBe(8);
    expect(g.market()).toMatchObject({ version: 1, terms: { permits: 3, parameters: { version: 2 } } });
    expect(g.market().next).toBeUndefined();
  });

  test('that are announced later replace those that have not begun, and begin a notice later', () => {
    const g = play();
    g.must('market-owner', update(changed({ permits: 3 })));
    epochs(g, 2);
    g.must('market-owner', update(changed({ permits: 4 })));
    epochs(g, 5);
    expect(g.market()).toMatchObject({
      version: 0,
      terms: { permits: 256 },
      next: { terms: { permits: 4 } },
    });
    epochs(g, 2);
    expect(g.market()).toMatchObject({ version: 1, terms: { permits: 4 } });
  });

  test('change neither the immunity nor the price of who has registered, and bound the next price', () => {
    const price = { floorMicro: 100n, capMicro: 1_000n, riseBps: 0, decayBps: 0 };
    const g = play((tx) => ({
      ...tx,
      markets: [{ ...tx.markets[0]!, terms: fixtureTerms({ registration: price, immunityEpochs: 20 }) }],
    }));
    addExperts(g, ['a']);
    g.must(
      'market-owner',
      update(changed({ immunityEpochs: 0, registration: { ...price, floorMicro: 500n, capMicro: 500n } })),
    );
    epochs(g, 7);
    expect(g.market().registrationMicro).toBe(500n);
    expect(g.expert('a')).toMatchObject({ immuneUntilEpoch: 21, depositMicro: 100n });
    g.refuse('bob', { ...registerExpert('bob', 'b', 100n), depositMicro: 100n } as Action, 'price-changed');
    addExperts(g, ['b']);
    expect(g.expert('b')).toMatchObject({ immuneUntilEpoch: 8, depositMicro: 500n });
  });
});

describe('closing', () => {
  test('pays everybody out, gives the rest of the pool to the treasury and frees the name', () => {
    const price = { floorMicro: 100n, capMicro: 100n, riseBps: 0, decayBps: 0 };
    const g = play();
    g.must('carol', create(OTHER, { registration: price, immunityEpochs: 1_000 }));
    g.must('bob', { ...joinOther('a'), depositMicro: 100n } as Action);
    g.must('alice', {
      kind: 'delegate',
      target: { role: 'expert', market: OTHER, node: nodeOf('a') },
      amountMicro: 50n,
    });
    g.must('alice', { kind: 'fundMarket', market: OTHER, amountMicro: 77n });
    g.refuse('alice', close(OTHER), 'not-authorised');
    g.must('carol', close(OTHER));
    epochs(g, 6);
    expect(g.expert('a', OTHER).leavesAtEpoch).toBeUndefined();
    g.endEpoch();
    // Its experts leave as anybody does, so what they did can still be punished; then all is gone.
    expect(g.expert('a', OTHER).leavesAtEpoch).toBe(15);
    expect(g.market(OTHER).expertCount).toBe(0);
    epochs(g, 7);
    expect(g.market(OTHER)).toBeUndefined();
    expect(g.expert('a', OTHER)).toBeUndefined();
    expect([g.balance('alice'), g.balance('bob'), g.balance('carol'), g.balance('treasury')]).toEqual([
      10_000_000n - 77n,
      10_000_000n,
      10_000_000n,
      77n,
    ]);
    expect(g.network().marketCount).toBe(1);
    g.must('alice', create());
    expect(g.market(OTHER).owner).toBe(idOf('alice'));
  });

  test('without experts ends with the notice; locked money stays the client’s', () => {
    const g = play();
    addValidators(g, { v: 1_000n });
    g.must('carol', { kind: 'lock', market: MARKET, gateway: nodeOf('gateway'), amountMicro: 500n });
    g.must('market-owner', close());
    epochs(g, 7, 'v');
    expect(g.market()).toBeUndefined();
    expect(g.state.prepaid.get(prepaidKey(idOf('carol'), MARKET))?.lockedMicro).toBe(500n);
  });

  test('and opening again goes on counting batches, so that no number is ever signed twice', () => {
    const g = play();
    addValidators(g, { v: 1_000n });
    g.must('carol', { kind: 'lock', market: MARKET, gateway: nodeOf('gateway'), amountMicro: 500n });
    const order = { client: 'carol', gateway: 'gateway', to: 'bob', orders: 1, chargeMicro: 5n };
    g.must('carol', settle(settlementBody(g.state, order), 'v'));
    g.must('market-owner', close());
    epochs(g, 7, 'v');
    expect(g.market()).toBeUndefined();
    g.must('carol', create(MARKET));
    expect(g.market()).toMatchObject({ owner: idOf('carol'), nextBatch: 1, settledOrders: 0 });
    const again = settlementBody(g.state, order);
    g.refuse('carol', settle({ ...again, batch: 0 }, 'v'), 'wrong-batch');
    g.must('carol', settle(again, 'v'));
  });
});

test('a node serves two markets side by side, with a stake, an income and an end in each', () => {
  const g = play();
  addValidators(g, { v: 1_000n });
  g.must('carol', create());
  addExperts(g, ['a']);
  g.must('bob', joinOther('a'));
  g.must('bob', joinOther('b'));
  g.refuse('bob', joinOther('a'), 'already-registered');
  g.must('alice', { kind: 'lock', market: OTHER, gateway: nodeOf('gateway'), amountMicro: 10n });
  const body = settlementBody(g.state, {
    client: 'carol',
    gateway: 'gateway',
    to: 'bob',
    orders: 1,
    chargeMicro: 0n,
  });
  g.must(
    'alice',
    settle(
      {
        ...body,
        market: OTHER,
        orders: [{ client: idOf('alice'), fromSeq: 0, toSeq: 1, chargeMicro: 9n }],
        earnings: [{ node: nodeOf('a'), owner: idOf('bob') as AccountId, amountMicro: 9n }],
        slashes: [{ node: nodeOf('a'), amountMicro: 40n }],
      },
      'v',
    ),
  );
  expect([g.expert('a').incomeMicro, g.expert('a', OTHER).incomeMicro]).toEqual([0n, 9n]);
  expect([g.expert('a').stakeMicro, g.expert('a', OTHER).stakeMicro]).toEqual([100n, 60n]);
  expect([g.market().poolMicro, g.market(OTHER).poolMicro]).toEqual([0n, 0n]);
  g.must('bob', { kind: 'deregister', target: { role: 'expert', market: OTHER, node: nodeOf('a') } });
  expect(g.state.experts.get(expertKey(OTHER, nodeOf('a')))?.leavesAtEpoch).toBe(8);
  expect(g.expert('a').leavesAtEpoch).toBeUndefined();
  expect([g.market().expertCount, g.market(OTHER).expertCount]).toEqual([1, 1]);
});
