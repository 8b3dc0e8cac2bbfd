import type { AccountId } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decayedPrice, risenPrice } from '../../../src/ledger/registration/registration-price.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import type { MarketTerms } from '../../../src/terms/terms.ts';
import {
  fixtureTerms,
  idOf,
  MARKET,
  nodeOf,
  registerExpert,
  settle,
  settlementBody,
} from '../ledger-fixture.ts';
import { addExperts, addValidators, type Play, play } from '../play-fixture.ts';

const price = { floorMicro: 100n, capMicro: 1_000n, riseBps: 5_000, decayBps: 2_500 };
const small = { ...fixtureTerms().parameters, shardSize: 3 };

function game(terms: Partial<MarketTerms> = {}): Play {
  return play((tx) => ({
    ...tx,
    markets: [
      { ...tx.markets[0]!, terms: fixtureTerms({ registration: price, parameters: small, ...terms }) },
    ],
  }));
}
const join = (name: string, depositMicro: bigint, owner = 'bob'): Action =>
  ({ ...registerExpert(owner, name, 100n), depositMicro }) as Action;
const leave = (name: string): Action => ({
  kind: 'deregister',
  target: { role: 'expert', market: MARKET, node: nodeOf(name) },
});

const anyMarket = game().market();

describe('the price of a registration', () => {
  test('rises with each registration up to its cap, and decays towards its floor with each epoch', () => {
    const g = game();
    const paid: bigint[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      paid.push(g.market().registrationMicro);
      g.must('bob', join(name, g.market().registrationMicro));
    }
    expect(paid).toEqual([100n, 150n, 225n, 338n, 507n, 761n, 1_000n, 1_000n]);
    const decayed = Array.from({ length: 4 }, () => {
      g.endEpoch();
      return g.market().registrationMicro;
    });
    expect(decayed).toEqual([775n, 606n, 479n, 384n]);
    for (let epoch = 0; epoch < 30; epoch += 1) g.endEpoch();
    expect(g.market().registrationMicro).toBe(100n);
  });

  test('what was quoted is charged, or nothing happens', () => {
    const g = game();
    const quoted = g.market().registrationMicro;
    g.must('carol', join('first', quoted, 'carol'));
    const { message } = g.refuse('bob', join('second', quoted), 'price-changed');
    expect(message).toContain('costs 0.00015 credits now, not 0.0001');
    // Too much is as wrong as too little: nobody pays more than he agreed to, nor less than the price.
    g.refuse('bob', join('second', 151n), 'price-changed');
    g.refuse('bob', join('second', 0n), 'price-changed');
    const before = g.balance('bob');
    g.must('bob', join('second', 150n));
    expect(g.balance('bob')).toBe(before - 150n - 100n);
    expect(g.expert('second').depositMicro).toBe(150n);
  });

  test('who cannot pay price and stake together is refused as a whole', () => {
    const g = play((tx) => ({
      ...tx,
      balances: [{ account: idOf('bob'), amountMicro: 199n }],
      markets: [{ ...tx.markets[0]!, terms: fixtureTerms({ registration: price }) }],
    }));
    g.refuse('bob', join('a', 100n), 'insufficient-funds');
  });

  test('stays between floor and cap, never falls with a registration nor rises with an epoch', () => {
    const amount = fc.bigInt(1n, 10n ** 12n);
    fc.assert(
      fc.property(
        fc.tuple(amount, amount, amount),
        fc.integer({ min: 0, max: 100_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        (amounts, riseBps, decayBps) => {
          const [floorMicro, registrationMicro, capMicro] = amounts.sort((a, b) =>
            a < b ? -1 : a > b ? 1 : 0,
          );
          const registration = { floorMicro: floorMicro!, capMicro: capMicro!, riseBps, decayBps };
          const market = {
            ...anyMarket,
            registrationMicro: registrationMicro!,
            terms: fixtureTerms({ registration }),
          };
          const risen = risenPrice(market);
          expect(risen >= registrationMicro! && risen <= capMicro!).toBe(true);
          if (riseBps > 0 && registrationMicro! < capMicro!) expect(risen > registrationMicro!).toBe(true);
          const decayed = decayedPrice(market);
          expect(decayed <= registrationMicro! && decayed >= floorMicro!).toBe(true);
          if (decayBps > 0 && registrationMicro! > floorMicro!)
            expect(decayed < registrationMicro!).toBe(true);
        },
      ),
    );
  });
});

describe('the deposit', () => {
  test('is burnt when he leaves while he is immune, and returns to who leaves later', () => {
    const g = game({ immunityEpochs: 2 });
    g.must('bob', join('early', 100n));
    g.must('bob', join('late', 150n));
    g.must('bob', leave('early'));
    expect([g.network().burntMicro, g.market().poolMicro]).toEqual([100n, 0n]);
    g.endEpoch();
    g.endEpoch();
    g.must('bob', leave('late'));
    expect(g.network().burntMicro).toBe(100n);
    for (let epoch = 0; epoch < 7; epoch += 1) g.endEpoch();
    expect(g.expert('late')).toBeUndefined();
    expect(g.balance('bob')).toBe(10_000_000n - 100n);
  });
});

describe('terms that change', () => {
  const announce = (g: Play, terms: Partial<MarketTerms>): void => {
    const parameters = { ...small, version: 2 };
    const action = {
      kind: 'updateMarket',
      market: MARKET,
      terms: fixtureTerms({ ...terms, parameters }),
    } as const;
    g.must('market-owner', action);
  };

  test('whoever was there before the announcement leaves with his deposit, though he is immune; who came after does not', () => {
    const g = game({ immunityEpochs: 100 });
    g.must('bob', join('before', 100n));
    g.endEpoch();
    g.must('bob', leave('before'));
    expect(g.network().burntMicro).toBe(100n);
    g.must('bob', join('there', g.market().registrationMicro));
    g.endEpoch();
    announce(g, { registration: price });
    g.endEpoch();
    g.must('bob', join('after', g.market().registrationMicro));
    const deposit = g.expert('there').depositMicro;
    g.must('bob', leave('there'));
    expect(g.expert('there').depositMicro).toBe(deposit);
    g.must('bob', leave('after'));
    expect(g.expert('after').depositMicro).toBe(0n);
  });

  test('the notice is over when the terms begin; a market that closes lets everybody go', () => {
    const g = game({ immunityEpochs: 100 });
    g.must('bob', join('stays', 100n));
    g.must('bob', join('late', 150n));
    announce(g, { registration: price, immunityEpochs: 100 });
    for (let epoch = 0; epoch < g.network().rules.noticeEpochs; epoch += 1) g.endEpoch();
    expect(g.market().next).toBeUndefined();
    g.must('bob', leave('late'));
    expect(g.expert('late').depositMicro).toBe(0n);
    g.must('market-owner', { kind: 'closeMarket', market: MARKET });
    g.must('bob', leave('stays'));
    expect(g.expert('stays').depositMicro).toBe(100n);
  });

  test('the attack: twelve dear places, then free ones for nodes of the owner, who gains nothing while nobody there loses a deposit', () => {
    const dear = { floorMicro: 100_000n, capMicro: 100_000n, riseBps: 0, decayBps: 0 };
    const free = { floorMicro: 0n, capMicro: 0n, riseBps: 0, decayBps: 0 };
    const emission = { perEpochMicro: 1_000_000n, halvingEpochs: 1_000, ownerShareBps: 5_000 };
    const ranking = { ...fixtureTerms().ranking, kappaU16: 16_384 };
    const hostile = { maximumExperts: 12, immunityEpochs: 0, emission, ranking };
    const g = game({ ...hostile, registration: dear });
    const victims = Array.from({ length: 12 }, (_, index) => `victim-${index}`);
    for (const name of victims) g.must('bob', join(name, 100_000n));
    const paid = g.balance('bob');
    const owners = (): bigint => g.balance('market-owner') + g.market().poolMicro;
    const before = owners();
    announce(g, { ...hostile, registration: free });
    for (let epoch = 0; epoch < g.network().rules.noticeEpochs; epoch += 1) g.endEpoch();
    expect(g.market().registrationMicro).toBe(0n);
    const own = Array.from({ length: 12 }, (_, index) => `own-${index}`);
    for (const name of own) g.must('market-owner', join(name, 0n, 'market-owner'));
    for (const name of victims) expect(g.expert(name).leavesAtEpoch).toBeDefined();
    for (let epoch = 0; epoch <= g.network().rules.unbondingEpochs; epoch += 1) g.endEpoch();
    expect(g.balance('bob')).toBe(paid + 12n * 100_000n + 12n * 100n);
    expect(owners() + 12n * 100n).toBe(before);
    expect(g.network().burntMicro).toBe(0n);
  });

  test('whatever an owner does with his terms and nodes, he ends with no more than he began, and others lose at most what he puts up', () => {
    const action = fc.oneof(
      fc.record({
        kind: fc.constant('announce' as const),
        price: fc.bigInt(0n, 5_000n),
        immunity: fc.nat(4),
        places: fc.integer({ min: 3, max: 6 }),
      }),
      fc.record({ kind: fc.constant('join' as const), who: fc.nat(9) }),
      fc.record({ kind: fc.constant('leave' as const), who: fc.nat(9) }),
      fc.record({ kind: fc.constant('epoch' as const), epochs: fc.integer({ min: 1, max: 4 }) }),
    );
    fc.assert(
      fc.property(
        fc.bigInt(0n, 5_000n),
        fc.nat(4),
        fc.array(action, { maxLength: 30 }),
        (first, immunityEpochs, actions) => {
          const fixed = (floorMicro: bigint) => ({
            floorMicro,
            capMicro: floorMicro,
            riseBps: 0,
            decayBps: 0,
          });
          const g = game({ registration: fixed(first), immunityEpochs, maximumExperts: 4 });
          const wealth = (): bigint =>
            g.balance('market-owner') +
            g.market().poolMicro +
            [...g.state.experts.values()]
              .filter(({ owner }) => owner === idOf('market-owner'))
              .reduce((sum, expert) => sum + expert.stakeMicro + expert.depositMicro, 0n);
          const before = wealth();
          for (const name of ['v0', 'v1', 'v2', 'v3']) g.must('bob', join(name, first));
          const victims = (): bigint =>
            [...g.state.experts.values()]
              .filter(({ owner }) => owner === idOf('bob'))
              .reduce((sum, expert) => sum + expert.depositMicro, g.balance('bob'));
          const theirs = victims();
          let version = 1;
          let putUp = 0n;
          for (const each of actions) {
            if (each.kind === 'announce') {
              version += 1;
              g.must('market-owner', {
                kind: 'updateMarket',
                market: MARKET,
                terms: fixtureTerms({
                  parameters: { ...small, version },
                  registration: fixed(each.price),
                  immunityEpochs: each.immunity,
                  maximumExperts: each.places,
                }),
              });
            } else if (each.kind === 'epoch') for (let n = 0; n < each.epochs; n += 1) g.endEpoch();
            else if (each.kind === 'join') {
              const known = g.expert(`own-${each.who}`);
              if (known !== undefined) continue;
              putUp += g.market().registrationMicro;
              g.must('market-owner', join(`own-${each.who}`, g.market().registrationMicro, 'market-owner'));
            } else if (
              g.expert(`own-${each.who}`)?.leavesAtEpoch === undefined &&
              g.expert(`own-${each.who}`) !== undefined
            )
              g.must('market-owner', leave(`own-${each.who}`));
            expect(wealth()).toBeLessThanOrEqual(before);
            // Their stakes return when they are pushed out; of their deposits nothing is lost but what he paid for the places.
            expect(victims()).toBeGreaterThanOrEqual(theirs - putUp);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a full market', () => {
  const full = (terms: Partial<MarketTerms> = {}): Play => {
    const g = game({ maximumExperts: 3, immunityEpochs: 1, ...terms });
    addExperts(g, ['a', 'b', 'c']);
    g.endEpoch();
    return g;
  };
  const earn = (g: Play, amounts: Readonly<Record<string, bigint>>): void => {
    const chargeMicro = Object.values(amounts).reduce((sum, amount) => sum + amount, 0n);
    g.must('carol', { kind: 'lock', market: MARKET, gateway: nodeOf('gateway'), amountMicro: chargeMicro });
    const body = settlementBody(g.state, {
      client: 'carol',
      gateway: 'gateway',
      to: 'bob',
      orders: 1,
      chargeMicro,
    });
    const earnings = Object.entries(amounts)
      .map(([name, amountMicro]) => ({ node: nodeOf(name), owner: idOf('bob') as AccountId, amountMicro }))
      .sort((x, y) => (x.node < y.node ? -1 : 1));
    g.must('carol', settle({ ...body, credits: [], earnings }, 'v'));
  };
  test('loses the expert with the lowest income of two epochs, which loses what the newcomer pays, to nobody', () => {
    const g = full();
    addValidators(g, { v: 1_000n });
    earn(g, { a: 5n, b: 7n });
    g.endEpoch('v');
    earn(g, { b: 1n, c: 4n });
    const deposit = g.expert('c').depositMicro;
    const { poolMicro, registrationMicro: price } = g.market();
    const { burntMicro } = g.network();
    const lost = price < deposit ? price : deposit;
    g.must('bob', join('d', price));
    expect(g.expert('c').leavesAtEpoch).toBe(g.network().epoch + g.network().rules.unbondingEpochs);
    expect(g.expert('c').depositMicro).toBe(deposit - lost);
    expect(g.market().poolMicro).toBe(poolMicro);
    expect(g.network().burntMicro).toBe(burntMicro + lost);
    expect(g.market().expertCount).toBe(3);
    // A pruned expert cannot come back before its stake is paid out.
    g.refuse('bob', join('c', g.market().registrationMicro), 'node-leaving');
  });

  test('prunes among equals who registered first, and nobody immune as long as somebody is not', () => {
    const g = game({ maximumExperts: 3, immunityEpochs: 3 });
    addExperts(g, ['b']);
    g.endEpoch();
    addExperts(g, ['a', 'c']);
    g.endEpoch();
    g.endEpoch();
    // Only b's immunity is over.
    g.must('bob', join('d', g.market().registrationMicro));
    expect(g.expert('b').leavesAtEpoch).toBeDefined();
    // All are immune now: the oldest of them goes after all, or a full market of newcomers would be closed to others.
    g.must('bob', join('e', g.market().registrationMicro));
    const gone = ['a', 'c'].filter((name) => g.expert(name).leavesAtEpoch !== undefined);
    expect(gone).toEqual([['a', 'c'].sort((x, y) => (nodeOf(x) < nodeOf(y) ? -1 : 1))[0]]);
  });

  test('prunes the owner of the market like anybody else', () => {
    const g = game({ maximumExperts: 3, immunityEpochs: 0 });
    g.must('market-owner', join('own', g.market().registrationMicro, 'market-owner'));
    g.endEpoch();
    addExperts(g, ['a', 'b', 'c']);
    expect(g.expert('own').leavesAtEpoch).toBeDefined();
  });

  test('whose terms allow fewer loses one for each newcomer, and keeps the immunity it promised', () => {
    const g = play((tx) => ({
      ...tx,
      markets: [
        {
          ...tx.markets[0]!,
          terms: fixtureTerms({
            parameters: small,
            maximumExperts: 5,
            immunityEpochs: 100,
            registration: price,
          }),
        },
      ],
    }));
    addExperts(g, ['a', 'b', 'c', 'd', 'e']);
    const terms = fixtureTerms({
      parameters: { ...small, version: 2 },
      maximumExperts: 3,
      immunityEpochs: 0,
      registration: price,
    });
    g.must('market-owner', { kind: 'updateMarket', market: MARKET, terms });
    for (let epoch = 0; epoch < 7; epoch += 1) g.endEpoch();
    expect(g.market().terms.immunityEpochs).toBe(0);
    // The old ones stay immune, as they were promised; who registers now is not, and goes first.
    g.must('market-owner', join('own1', g.market().registrationMicro, 'market-owner'));
    expect(g.market().expertCount).toBe(5);
    g.must('market-owner', join('own2', g.market().registrationMicro, 'market-owner'));
    expect(g.expert('own1').leavesAtEpoch).toBeDefined();
    expect(g.market().expertCount).toBe(5);
  });
});
