import type { MarketId } from '@market-of-experts/core';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { spendableMicro } from '../../../src/ledger/accounts/prepaid.ts';
import { prepaidKey, totalMicro } from '../../../src/ledger/state/state.ts';
import { LEDGER_TIME } from '../../../src/ledger/transaction/ledger-time.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import {
  fixtureTerms,
  genesis,
  idOf,
  MARKET,
  nodeOf,
  registerValidator,
  settle,
  settlementBody,
} from '../ledger-fixture.ts';
import { Stage } from '../ledger-stage.ts';

const hourMs = 3_600_000;
const rules = { ...genesis().rules, epochMs: hourMs, noticeEpochs: 2 };
let stage: Stage;
beforeEach(() => {
  stage = stageWith(rules);
});

function stageWith(changed: typeof rules): Stage {
  const opened = new Stage({ rules: changed });
  opened.must('market-owner', registerValidator('market-owner', 'v', 1_000n));
  opened.validators = ['v'];
  return opened;
}
const lock = (amountMicro: bigint, gateway = 'gateway', market = MARKET): Action => ({
  kind: 'lock',
  market,
  gateway: nodeOf(gateway),
  amountMicro,
});
const unlock = (amountMicro: bigint, market = MARKET): Action => ({ kind: 'unlock', market, amountMicro });
const charge = (chargeMicro: bigint, orders = 1): Action =>
  settle(
    settlementBody(stage.state, { client: 'carol', gateway: 'gateway', to: 'bob', orders, chargeMicro }),
    'v',
  );
const prepaid = (name = 'carol', market = MARKET) => stage.state.prepaid.get(prepaidKey(idOf(name), market))!;
const epoch = () => stage.state.network.get('network')!.epoch;

describe('a client that is one with its gateway', () => {
  test('cannot take its money back between an answer and its pay', () => {
    stage.must('carol', lock(900n));
    // Both have the answer by now; the gateway settles nothing, and others need up to an hour to do it.
    stage.must('carol', unlock(900n));
    expect([stage.balance('carol'), prepaid().lockedMicro]).toEqual([999_100n, 900n]);
    stage.refuses('carol', unlock(1n), 'insufficient-funds');
    stage.refuses('carol', lock(1n, 'other'), 'locked-for-another-gateway');
    stage.pass(2);
    const before = stage.balance('bob');
    stage.must('bob', charge(700n));
    expect(stage.balance('bob')).toBe(before + 700n);
    expect(prepaid()).toMatchObject({ lockedMicro: 200n, leaving: { amountMicro: 200n, fromEpoch: 4 } });
    stage.pass();
    expect([stage.balance('carol'), prepaid()]).toEqual([
      999_300n,
      { gateway: nodeOf('gateway'), lockedMicro: 0n, nextOrderSeq: 1 },
    ]);
    // Another gateway goes on with the numbers where this one stopped.
    stage.must('carol', lock(1n, 'other'));
    expect(prepaid().nextOrderSeq).toBe(1);
  });

  test('cannot shorten the notice by any signature, nor choose another one', () => {
    stage.must('carol', lock(900n));
    for (const extra of [{ release: [] }, { fromEpoch: 2 }, { signatures: [] }])
      stage.must('carol', { ...unlock(100n), ...extra } as Action);
    expect(prepaid().leaving).toEqual({ amountMicro: 300n, fromEpoch: 4 });
  });

  test('waits as many epochs as an hour has, however short they are', () => {
    stage = stageWith({ ...rules, epochMs: 60_000, noticeEpochs: 1 });
    stage.must('carol', lock(900n));
    stage.must('carol', unlock(900n));
    const announcedMs = stage.state.network.get('network')!.epochStartedMs;
    while (prepaid().lockedMicro > 0n) stage.pass();
    expect(stage.state.network.get('network')!.epochStartedMs - announcedMs).toBe(
      LEDGER_TIME.settledWithinMs + 60_000,
    );
  });

  /** An honest validator's book: an order counts until it is settled, and is so within an hour. */
  test('is never served more than it pays, whatever it locks and takes out in between', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('order' as const), amountMicro: fc.bigInt(1n, 120n) }),
      fc.record({
        kind: fc.constantFrom('lock' as const, 'unlock' as const),
        amountMicro: fc.bigInt(1n, 150n),
      }),
      fc.record({ kind: fc.constantFrom('settle' as const, 'hour' as const), amountMicro: fc.constant(0n) }),
    );
    let served = 0;
    let refused = 0;
    let taken = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50, size: 'max' }), (steps) => {
        stage = stageWith({ ...rules, noticeEpochs: 1 });
        const open: { readonly feeMicro: bigint; readonly inEpoch: number }[] = [];
        const settleOldest = () => stage.must('bob', charge(open.shift()!.feeMicro));
        for (const { kind, amountMicro } of steps)
          if (kind === 'order') {
            const openMicro = open.reduce((sum, { feeMicro }) => sum + feeMicro, 0n);
            if (spendableMicro(prepaid()) < openMicro + amountMicro) refused += 1;
            else {
              open.push({ feeMicro: amountMicro, inEpoch: epoch() });
              served += 1;
            }
          } else if (kind === 'settle') {
            if (open.length > 0) settleOldest();
          } else if (kind === 'hour') {
            // The gateway settles nothing of its own accord; who is owed has it done before the hour is over.
            while (open.length > 0 && open[0]!.inEpoch < epoch()) settleOldest();
            const before = stage.balance('carol');
            stage.pass();
            if (stage.balance('carol') > before) taken += 1;
          } else stage.act('carol', kind === 'lock' ? lock(amountMicro) : unlock(amountMicro));
        while (open.length > 0) settleOldest();
        expect(totalMicro(stage.state)).toBe(stage.state.network.get('network')!.supplyMicro);
      }),
      { numRuns: 200 },
    );
    for (const count of [served, refused, taken]) expect(count).toBeGreaterThan(50);
  });
});

describe('money that is taken out', () => {
  test('comes back by itself when its epoch begins, that of many clients in any order', () => {
    for (const [index, name] of ['carol', 'alice', 'bob'].entries()) {
      stage.must(name, lock(500n));
      stage.must(name, unlock(100n + BigInt(index)));
    }
    stage.pass(2);
    expect(stage.balance('carol')).toBe(999_500n);
    stage.pass();
    expect(['carol', 'alice', 'bob'].map((name) => stage.balance(name))).toEqual([
      999_600n,
      999_601n,
      999_602n,
    ]);
    expect(['carol', 'alice', 'bob'].map((name) => prepaid(name).lockedMicro)).toEqual([400n, 399n, 398n]);
    expect(prepaid().leaving).toBeUndefined();
  });

  test('pays for no new order; a second announcement adds to the first and begins its notice anew', () => {
    stage.must('carol', lock(900n));
    stage.must('carol', unlock(300n));
    expect(spendableMicro(prepaid())).toBe(600n);
    stage.pass();
    stage.refuses('carol', unlock(601n), 'insufficient-funds');
    stage.must('carol', unlock(600n));
    expect(prepaid().leaving).toEqual({ amountMicro: 900n, fromEpoch: 5 });
    expect(spendableMicro(prepaid())).toBe(0n);
    stage.must('carol', lock(50n));
    expect(spendableMicro(prepaid())).toBe(50n);
    expect(prepaid().leaving?.amountMicro).toBe(900n);
  });

  test('what is settled comes out of what stays first', () => {
    stage.must('carol', lock(900n));
    stage.must('carol', unlock(300n));
    stage.must('bob', charge(600n));
    expect(prepaid()).toMatchObject({ lockedMicro: 300n, leaving: { amountMicro: 300n } });
    stage.must('bob', charge(1n));
    expect(prepaid()).toMatchObject({ lockedMicro: 299n, leaving: { amountMicro: 299n } });
    stage.must('bob', charge(299n));
    expect(prepaid()).toEqual({ gateway: nodeOf('gateway'), lockedMicro: 0n, nextOrderSeq: 3 });
    const before = stage.balance('carol');
    stage.pass(3);
    expect(stage.balance('carol')).toBe(before);
  });

  test('where accounts have a least balance it comes back whole, and nothing less is prepaid', () => {
    stage = stageWith({ ...rules, minBalanceMicro: 100n });
    stage.must('carol', lock(250n));
    stage.must('carol', unlock(249n));
    stage.pass(3);
    expect([stage.balance('carol'), prepaid().lockedMicro]).toEqual([999_999n, 1n]);
    stage.refuses('carol', lock(98n), 'below-minimum');
    stage.must('carol', unlock(1n));
    stage.pass(3);
    expect(stage.balance('carol')).toBe(1_000_000n);
  });
});

describe('in a market that closes', () => {
  const other = 'other-market' as MarketId;
  const open = (): Action => ({ kind: 'createMarket', market: other, terms: fixtureTerms() });
  beforeEach(() => {
    stage.must('alice', open());
    stage.must('carol', lock(500n, 'gateway', other));
  });

  test('money waits as elsewhere while it can be settled, and is free at once when the market is gone', () => {
    stage.must('alice', { kind: 'closeMarket', market: other });
    stage.must('carol', unlock(200n, other));
    expect(prepaid('carol', other).lockedMicro).toBe(500n);
    stage.pass(2);
    expect(stage.state.markets.has(other)).toBe(false);
    stage.must('carol', unlock(350n, other));
    expect(stage.balance('carol')).toBe(999_850n);
    expect(prepaid('carol', other)).toMatchObject({ lockedMicro: 150n, leaving: { amountMicro: 150n } });
    stage.refuses('carol', unlock(151n, other), 'insufficient-funds');
    // What was announced still comes by itself.
    stage.pass();
    expect(stage.balance('carol')).toBe(1_000_000n);
    stage.refuses('carol', unlock(1n, other), 'insufficient-funds');
  });

  test('one that opens under the same name can charge what was left there, so it waits again', () => {
    stage.must('alice', { kind: 'closeMarket', market: other });
    stage.pass(2);
    stage.must('bob', open());
    stage.must('carol', unlock(500n, other));
    expect(prepaid('carol', other)).toMatchObject({ lockedMicro: 500n, leaving: { fromEpoch: 6 } });
  });

  test('that there never was, nobody has anything', () => {
    stage.refuses('carol', unlock(1n, 'nowhere' as MarketId), 'insufficient-funds');
  });
});
