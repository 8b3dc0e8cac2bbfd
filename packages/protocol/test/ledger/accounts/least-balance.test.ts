import { type AccountId, hashOf, type MarketId } from '@market-of-experts/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyTransaction } from '../../../src/ledger/apply.ts';
import { emptyState } from '../../../src/ledger/state/state.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import { fixtureTerms, genesis, idOf, MARKET, nodeOf, registerExpert } from '../ledger-fixture.ts';
import { type Play, play } from '../play-fixture.ts';

const minBalanceMicro = 1_000n;
const game = (): Play => play((tx) => ({ ...tx, rules: { ...tx.rules, minBalanceMicro } }));
const stranger = (index: number): AccountId =>
  `0x${hashOf('test/stranger', index).slice(0, 40)}` as AccountId;
const send = (to: AccountId, amountMicro: bigint): Action => ({ kind: 'transfer', to, amountMicro });

test('100,000 accounts for a tenth of a credit: none begins with less than every account has', () => {
  const g = game();
  const before = g.balance('alice');
  for (let index = 0; index < 100; index += 1)
    g.refuse('alice', send(stranger(index), minBalanceMicro - 1n), 'below-minimum');
  expect([g.state.accounts.size, g.balance('alice')]).toEqual([5, before]);
  const treasury: Action = { kind: 'deposit', to: stranger(0), amountMicro: 1n, reference: '' };
  expect(g.act('treasury', treasury)).toMatchObject({ applied: false, code: 'below-minimum' });
  g.must('alice', send(stranger(0), minBalanceMicro));
  // Who has it may be sent as little as anybody likes.
  g.must('alice', send(stranger(0), 1n));
});

test('it stays: an account cannot be emptied to make the next one of the same money', () => {
  const g = game();
  g.must('alice', send(idOf('dave'), 5_000n));
  const refused = g.refuse('dave', send(idOf('erin'), 4_001n), 'insufficient-funds');
  expect(refused.message).toContain('0.001 stay in every account');
  g.must('dave', send(idOf('erin'), 4_000n));
  expect([g.balance('dave'), g.state.accounts.get(idOf('dave'))?.nonce]).toEqual([minBalanceMicro, 1]);
  g.refuse('dave', send(idOf('erin'), 1n), 'insufficient-funds');
});

test('prepaid records and registrations, which stay or wait as long, cost as much', () => {
  const g = game();
  const lock = (amountMicro: bigint): Action => ({
    kind: 'lock',
    market: MARKET,
    gateway: nodeOf('gateway'),
    amountMicro,
  });
  g.refuse('carol', lock(minBalanceMicro - 1n), 'below-minimum');
  g.must('carol', lock(minBalanceMicro));
  g.must('carol', lock(1n));
  const market = 'free-for-all' as MarketId;
  const terms = fixtureTerms();
  const parameters = { ...terms.parameters, minimumStakeMicro: 1n };
  g.must('carol', { kind: 'createMarket', market, terms: { ...terms, parameters } });
  // The fixture's least delegation is 10.
  g.refuse('carol', { ...registerExpert('carol', 'x', 9n), market } as Action, 'insufficient-stake');
});

test('a genesis with less is none', () => {
  const tx = genesis(minBalanceMicro - 1n);
  expect(applyTransaction(emptyState(), { ...tx, rules: { ...tx.rules, minBalanceMicro } })).toMatchObject({
    applied: false,
    code: 'invalid-genesis',
  });
});

test('whatever strangers send one another, accounts are no more than the money pays for, and keep their numbers', () => {
  const names = ['alice', 'dave', 'erin', 'frank', 'grace'];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names), fc.bigInt(1n, 4_000n)), {
        maxLength: 60,
      }),
      (moves) => {
        const g = game();
        const nonces = new Map<string, number>();
        for (const [from, to, amountMicro] of moves) {
          g.act(from, send(idOf(to), amountMicro));
          for (const [account, { balanceMicro, nonce }] of g.state.accounts) {
            if (account !== idOf('treasury')) expect(balanceMicro).toBeGreaterThanOrEqual(minBalanceMicro);
            expect(nonce).toBeGreaterThanOrEqual(nonces.get(account) ?? 0);
            nonces.set(account, nonce);
          }
        }
      },
    ),
    { numRuns: 100 },
  );
});
