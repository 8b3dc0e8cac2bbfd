import { MAX_AMOUNT, verifySignature } from '@market-of-experts/core';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { applyTransaction } from '../../src/ledger/apply.ts';
import { stateRoot } from '../../src/ledger/proofs/state-root.ts';
import { slashNode } from '../../src/ledger/staking/pots.ts';
import { draftOn } from '../../src/ledger/state/draft.ts';
import { accountOf, totalMicro } from '../../src/ledger/state/state.ts';
import { innerSignatures, signConsent } from '../../src/ledger/transaction/authority.ts';
import type { Action, Transaction } from '../../src/ledger/transaction/transaction.ts';
import { transactionSchema } from '../../src/ledger/transaction/transaction.ts';
import {
  endEpoch,
  genesis,
  idOf,
  keysOf,
  MARKET,
  NETWORK,
  nodeOf,
  registerExpert,
  registerValidator,
  settle,
  settlementBody,
  transactionFrom,
} from './ledger-fixture.ts';
import { expertAt, Stage, validatorAt } from './ledger-stage.ts';
import { anyTransaction } from './transaction/transaction-arbitrary.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
  stage.must('bob', registerValidator('bob', 'v1', 600n));
  stage.must('alice', registerExpert('alice', 'expert', 500n));
  stage.must('carol', { kind: 'delegate', target: expertAt('expert'), amountMicro: 100n });
  stage.validators = ['v1'];
  stage.pass();
});

/** Refused, and not a single record was so much as touched. */
function mustNotTouch(tx: Transaction, code?: string): void {
  const draft = draftOn(stage.state);
  const outcome = applyTransaction(draft, tx);
  expect(outcome).toMatchObject(code === undefined ? { applied: false } : { applied: false, code });
  expect([...draft.touched()]).toEqual([]);
}

describe('replay', () => {
  const ofOwner = (tx: Transaction, name: string) =>
    ({
      ...tx,
      network: NETWORK,
      from: idOf(name),
      nonce: accountOf(stage.state, idOf(name)).nonce,
    }) as Transaction;

  test('on another network, any transaction of any kind is refused', () => {
    fc.assert(
      fc.property(anyTransaction, (tx) => {
        mustNotTouch({ ...ofOwner(tx, 'alice'), network: 'other-net' }, 'wrong-network');
      }),
      { numRuns: 300 },
    );
  });

  test('with a nonce that was used, or that leaves a gap, any transaction of any kind is refused', () => {
    fc.assert(
      fc.property(anyTransaction, fc.integer({ min: 0, max: 2 ** 48 }), (tx, nonce) => {
        const right = ofOwner(tx, 'alice');
        mustNotTouch(
          { ...right, nonce: nonce === right.nonce ? nonce + 1 : nonce } as Transaction,
          'wrong-nonce',
        );
      }),
      { numRuns: 300 },
    );
  });

  test('whatever a transaction holds: it is applied and conserves, or it is refused and touches nothing', () => {
    const { supplyMicro } = stage.state.network.get('network')!;
    fc.assert(
      fc.property(anyTransaction, fc.constantFrom('alice', 'bob', 'carol', 'treasury'), (tx, name) => {
        const draft = draftOn(stage.state);
        const outcome = applyTransaction(draft, ofOwner(tx, name));
        if (!outcome.applied) expect([...draft.touched()]).toEqual([]);
        else if (tx.kind !== 'deposit') expect(draft.network.get('network')!.supplyMicro).toBe(supplyMicro);
      }),
      { numRuns: 500 },
    );
  });

  test('a node’s consent holds for one network and one owner only', () => {
    const action = registerExpert('alice', 'node', 500n);
    const holds = (tx: Transaction) =>
      innerSignatures(tx).every(({ by, bytes, signature }) => verifySignature(by, bytes, signature));
    const tx = transactionFrom(stage.state, 'alice', action);
    expect(holds(tx)).toBe(true);
    expect(holds({ ...tx, network: 'other-net' })).toBe(false);
    expect(holds({ ...tx, from: idOf('bob') } as Transaction)).toBe(false);
    expect(holds({ ...tx, node: nodeOf('expert') } as Transaction)).toBe(false);
    const rotate = transactionFrom(stage.state, 'alice', {
      kind: 'rotate',
      target: expertAt('expert'),
      next: nodeOf('node'),
      consent: signConsent(keysOf('node'), NETWORK, idOf('alice')),
    });
    expect(holds(rotate)).toBe(true);
    expect(holds({ ...rotate, from: idOf('bob') } as Transaction)).toBe(false);
    expect(holds({ ...rotate, next: nodeOf('expert') } as Transaction)).toBe(false);
  });

  test('what validators sign names its network, market, batch and epoch', () => {
    const holds = (tx: Transaction) =>
      innerSignatures(tx).every(({ by, bytes, signature }) => verifySignature(by, bytes, signature));
    const usual = { client: 'alice', gateway: 'g', to: 'bob', orders: 1, chargeMicro: 5n };
    const body = settlementBody(stage.state, usual);
    const settled = settle(body, 'v1') as Extract<Action, { kind: 'settle' }>;
    const tx = (action: Action) => transactionFrom(stage.state, 'alice', action);
    expect(holds(tx(settled))).toBe(true);
    for (const change of [{ network: 'other-net' }, { market: 'other' as typeof MARKET }, { batch: 1 }])
      expect(holds(tx({ ...settled, settlement: { ...body, ...change } }))).toBe(false);
    const end = tx(endEpoch(stage.state, 'v1'));
    expect(holds(end)).toBe(true);
    for (const change of [{ network: 'other-net' }, { epoch: 9 }, { atMs: 1 }])
      expect(holds({ ...end, ...change } as Transaction)).toBe(false);
  });
});

describe('amounts', () => {
  /** Every place in a transaction that holds an amount. */
  function amountsIn(
    value: unknown,
    path: readonly (string | number)[] = [],
  ): (readonly (string | number)[])[] {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
    return Object.entries(value).flatMap(([key, field]) =>
      typeof field === 'bigint' ? [[...path, key]] : amountsIn(field, [...path, key]),
    );
  }
  function withAt(value: unknown, [key, ...rest]: readonly (string | number)[], to: unknown): unknown {
    if (key === undefined) return to;
    const field = (value as Record<string | number, unknown>)[key];
    const changed = withAt(field, rest, to);
    return Array.isArray(value)
      ? value.map((item, index) => (String(index) === String(key) ? changed : item))
      : { ...(value as object), [key]: changed };
  }

  test('negative, above 2^62, fractional or textual, they fit no transaction of any kind', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(anyTransaction, fc.nat(), (tx, index) => {
        const places = amountsIn(tx);
        const place = places[index % Math.max(places.length, 1)];
        if (place === undefined) return;
        kinds.add(tx.kind);
        expect(transactionSchema.safeParse(withAt(tx, place, 1n)).success).toBe(true);
        for (const wrong of [
          -1n,
          -1,
          MAX_AMOUNT + 1n,
          2n ** 64n,
          -(2n ** 63n),
          0.5,
          Number.NaN,
          Infinity,
          '1',
          null,
        ])
          expect(transactionSchema.safeParse(withAt(tx, place, wrong)).success).toBe(false);
      }),
      { numRuns: 600 },
    );
    for (const kind of [
      'stake',
      'unstake',
      'delegate',
      'undelegate',
      'redelegate',
      'registerExpert',
      'settle',
    ])
      expect(kinds).toContain(kind);
  });

  test('of nothing are no stake, delegation or transfer; nonces are whole and not negative', () => {
    for (const kind of ['stake', 'unstake', 'delegate', 'undelegate'] as const) {
      const tx = transactionFrom(stage.state, 'alice', { kind, target: expertAt('expert'), amountMicro: 1n });
      expect(transactionSchema.safeParse(tx).success).toBe(true);
      expect(transactionSchema.safeParse({ ...tx, amountMicro: 0n }).success).toBe(false);
      for (const nonce of [-1, 0.5, 2 ** 48 + 1, 1n, '0'])
        expect(transactionSchema.safeParse({ ...tx, nonce }).success).toBe(false);
    }
  });

  test('as large as the whole supply: staked, delegated, earned, slashed and paid out, everything can be written down', () => {
    const half = MAX_AMOUNT / 2n;
    stage = new Stage({
      balances: ['alice', 'bob', 'carol'].map((name, index) => ({
        account: idOf(name),
        amountMicro: index === 2 ? half / 2n : [half, half / 2n][index]!,
      })),
      rules: { ...genesis().rules, minDelegationMicro: 1n },
    });
    stage.must('bob', registerValidator('bob', 'v1', 1_000n));
    stage.validators = ['v1'];
    stage.must('alice', registerExpert('alice', 'expert', 10n));
    stage.must('alice', { kind: 'delegate', target: validatorAt('v1'), amountMicro: half - 10n });
    stage.must('bob', { kind: 'delegate', target: expertAt('expert'), amountMicro: half / 4n });
    stage.must('carol', { kind: 'delegate', target: expertAt('expert'), amountMicro: half / 4n });
    stage.pass();
    stage.must('carol', { kind: 'lock', market: MARKET, gateway: nodeOf('gateway'), amountMicro: half / 4n });
    stage.settle('carol', {
      earnings: [{ node: nodeOf('expert'), owner: idOf('alice'), amountMicro: half / 4n }],
      slashes: [{ node: nodeOf('expert'), amountMicro: half / 8n }],
    });
    stateRoot(stage.state);
    for (const name of ['bob', 'carol'])
      stage.must(name, {
        kind: 'undelegate',
        target: expertAt('expert'),
        amountMicro: stage.delegated(name, expertAt('expert')),
      });
    stateRoot(stage.state);
    stage.pass(genesis().rules.unbondingEpochs);
    const { burntMicro } = stage.state.network.get('network')!;
    expect([burntMicro, totalMicro(stage.state) + burntMicro]).toEqual([half / 8n, MAX_AMOUNT]);
    stage.must('treasury', { kind: 'deposit', to: idOf('bob'), amountMicro: burntMicro, reference: '' });
    stateRoot(stage.state);
    const one = { kind: 'deposit', to: idOf('bob'), amountMicro: 1n, reference: '' } as const;
    stage.refuses('treasury', one, 'limit-reached');
  });

  test('sums of what was settled stop at the limit instead of breaking the ledger', () => {
    const market = stage.state.markets.get(MARKET)!;
    stage.state.markets.set(MARKET, { ...market, settledMicro: MAX_AMOUNT - 1n });
    stage.must('alice', { kind: 'lock', market: MARKET, gateway: nodeOf('gateway'), amountMicro: 100n });
    const earnings = [{ node: nodeOf('expert'), owner: idOf('alice'), amountMicro: 100n }];
    stage.settle('alice', { earnings });
    expect(stage.state.markets.get(MARKET)!.settledMicro).toBe(MAX_AMOUNT);
    expect(slashNode(stage.state, expertAt('expert'), MAX_AMOUNT).takenMicro > 0n).toBe(true);
  });
});
