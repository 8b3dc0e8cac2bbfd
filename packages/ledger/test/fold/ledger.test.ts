import { generateOwnerKey } from '@market-of-experts/core';
import { signTransaction, type Transaction } from '@market-of-experts/protocol';
import {
  BALANCE_MICRO,
  client,
  FEE_MICRO,
  NETWORK,
  operator,
  scenarioGenesis,
  settlementAction,
  setUpScenario,
  traders,
} from '@market-of-experts/testing/ledger-crash/scenario';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ledger } from '../../src/fold/ledger.ts';
import { openLedger } from '../../src/fold/open-ledger.ts';
import { chainEntry, chainHashIn, seal } from '../../src/log/entry.ts';
import type { Log } from '../../src/log/log.ts';
import { memoryLog } from '../../src/log/memory-log.ts';

const [alice, bob] = [traders[0]!, traders[1]!];
const toBob = (amountMicro: bigint) => ({ kind: 'transfer', to: bob.address, amountMicro }) as const;
const signedToBob = (changes: Partial<Transaction> = {}) =>
  signTransaction(alice, {
    ...toBob(1n),
    network: NETWORK,
    from: alice.address,
    nonce: 0,
    ...changes,
  } as Transaction);
const aliceMicro = (ledger: Ledger) => ledger.account(alice.address).balanceMicro;

let entries: Uint8Array[];
let ledger: Ledger;
const open = (options: Partial<Parameters<typeof openLedger>[0]> = {}) =>
  openLedger({ log: memoryLog(entries), network: NETWORK, genesis: scenarioGenesis(), ...options });

beforeEach(async () => {
  entries = [];
  ledger = await open();
});
afterEach(() => ledger.close());

describe('submitting', () => {
  test('applies, numbers and keeps transactions', async () => {
    expect(await ledger.transact(alice, toBob(5n))).toEqual({ index: 1 });
    expect(await ledger.transact(alice, toBob(6n))).toEqual({ index: 2 });
    expect(aliceMicro(ledger)).toBe(BALANCE_MICRO - 11n);
    const [first, second] = await ledger.entries(1, 10);
    expect(first).toMatchObject({ index: 1, by: alice.address, transaction: { ...toBob(5n), nonce: 0 } });
    expect(second?.hash).toBe(ledger.headHash());
    expect(await ledger.entries(3, 10)).toEqual([]);
    expect(await ledger.entries(99, 10)).toEqual([]);
  });

  test('takes many at once from one account, in the order of the calls, in few batches', async () => {
    const appends: number[] = [];
    const log = memoryLog();
    const counted: Log = {
      ...log,
      append: (batch) => {
        appends.push(batch.length);
        return log.append(batch);
      },
    };
    const busy = await open({ log: counted });
    const placed = await Promise.all(Array.from({ length: 300 }, () => busy.transact(alice, toBob(1n))));
    expect(placed.map(({ index }) => index)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    expect(busy.nextNonce(alice.address)).toBe(300);
    expect(appends.length).toBeLessThan(300);
    await busy.close();
  });

  test('a refusal says why, changes nothing, and later ones go on', async () => {
    const root = ledger.stateRoot();
    await expect(ledger.transact(alice, toBob(BALANCE_MICRO + 1n))).rejects.toMatchObject({
      code: 'insufficient-funds',
    });
    await expect(ledger.submit(signedToBob({ nonce: 7 }))).rejects.toMatchObject({ code: 'wrong-nonce' });
    await expect(ledger.submit(signedToBob({ network: 'other-net' }))).rejects.toMatchObject({
      code: 'wrong-network',
    });
    expect([ledger.stateRoot(), ledger.height(), ledger.nextNonce(alice.address)]).toEqual([root, 1, 0]);
    await ledger.transact(alice, toBob(1n));
    expect(ledger.height()).toBe(2);
  });

  test('a refused transaction does not take those behind it along', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) =>
        ledger.transact(alice, toBob(i % 10 === 3 ? BALANCE_MICRO + 1n : 1n)),
      ),
    );
    const refusals = results.filter(({ status }) => status === 'rejected');
    expect(refusals).toHaveLength(4);
    for (const refusal of refusals) expect(refusal).toMatchObject({ reason: { code: 'insufficient-funds' } });
    expect([ledger.height(), ledger.nextNonce(alice.address)]).toEqual([37, 36]);
  });

  test('a stranger’s forgeries do not shift the nonces that an owner gets', async () => {
    const forged = [0, 1, 7, 2 ** 40].map((nonce) =>
      ledger.submit({ ...signedToBob({ nonce }), signature: new Uint8Array(65) }),
    );
    const own = [ledger.transact(alice, toBob(1n)), ledger.transact(alice, toBob(1n))];
    for (const result of await Promise.allSettled(forged))
      expect(result).toMatchObject({ reason: { code: 'invalid-signature' } });
    await Promise.all(own);
    expect(ledger.nextNonce(alice.address)).toBe(2);
  });

  test('signatures that do not hold are refused, the owner’s and those inside', async () => {
    const good = signedToBob();
    const altered = { ...good, body: { ...good.body, amountMicro: 9n } as Transaction };
    await expect(ledger.submit(altered)).rejects.toMatchObject({ code: 'invalid-signature' });
    const thief = generateOwnerKey();
    const stolen = signTransaction(thief, good.body);
    await expect(ledger.submit(stolen)).rejects.toMatchObject({ code: 'invalid-transaction' });
    await expect(ledger.submit({ ...stolen, by: alice.address })).rejects.toMatchObject({
      code: 'invalid-signature',
    });
    await setUpScenario(ledger);
    const settle = settlementAction(ledger, 1) as Extract<Transaction, { kind: 'settle' }>;
    const forged = { ...settle, signatures: [{ ...settle.signatures[0]!, signature: new Uint8Array(64) }] };
    await expect(ledger.transact(client, forged)).rejects.toMatchObject({ code: 'invalid-signature' });
    await ledger.transact(client, settle);
    expect(ledger.account(operator.address).balanceMicro).toBe(BALANCE_MICRO - 1_000n + FEE_MICRO - 2n);
  });

  test('what does not have the form of a transaction is refused', async () => {
    const bad: Partial<Record<string, unknown>>[] = [
      { amountMicro: -5n },
      { amountMicro: 0n },
      { amountMicro: 1.5 },
      { to: 'bob' },
      { kind: 'mint' },
      { nonce: -1 },
      { extra: true },
    ];
    const good = signedToBob();
    for (const changes of bad)
      await expect(
        ledger.submit({ ...good, body: { ...good.body, ...changes } as Transaction }),
      ).rejects.toMatchObject({ code: 'invalid-transaction' });
    expect(ledger.height()).toBe(1);
  });

  test('beyond the bound of the queue it is overloaded, and recovers', async () => {
    const small = await open({ log: memoryLog(), maxPending: 10 });
    const results = await Promise.allSettled(
      Array.from({ length: 25 }, () => small.transact(alice, toBob(1n))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(results.at(-1)).toMatchObject({ reason: { code: 'overloaded', isRetryable: true } });
    await small.transact(alice, toBob(1n));
    expect(small.height()).toBe(12);
    await small.close();
  });

  test('listeners hear of every entry once, when it is visible; one that throws harms nobody', async () => {
    const warnings: string[] = [];
    const heard: [number, bigint][] = [];
    const log = memoryLog();
    const loud = await open({ log, onWarning: (message) => warnings.push(message) });
    loud.onApplied(() => {
      throw new Error('careless');
    });
    const stop = loud.onApplied(({ index }) => heard.push([index, aliceMicro(loud)]));
    await loud.transact(alice, toBob(1n));
    await loud.transact(alice, toBob(1n));
    stop();
    await loud.transact(alice, toBob(1n));
    expect(heard).toEqual([
      [1, BALANCE_MICRO - 1n],
      [2, BALANCE_MICRO - 2n],
    ]);
    expect(warnings[0]).toContain('careless');
    await loud.close();
  });
});

describe('durability', () => {
  /** A log that writes when it is told to. */
  function heldLog(): { log: Log; arrived: Promise<void>; open: (error?: Error) => void } {
    const inner = memoryLog();
    const gates: PromiseWithResolvers<void>[] = [];
    const log: Log = {
      ...inner,
      append: async (batch) => {
        if (batch.length > 0 && (await inner.head()) > 0) {
          const gate = Promise.withResolvers<void>();
          gates.push(gate);
          arrived.resolve();
          await gate.promise;
        }
        return inner.append(batch);
      },
    };
    const arrived = Promise.withResolvers<void>();
    return {
      log,
      arrived: arrived.promise,
      open: () => gates.shift()!.resolve(),
    };
  }

  test('nothing is visible before it is durable', async () => {
    const held = heldLog();
    const slow = await open({ log: held.log });
    const submitted = slow.transact(alice, toBob(5n));
    await held.arrived;
    expect([aliceMicro(slow), slow.height()]).toEqual([BALANCE_MICRO, 1]);
    expect(slow.nextNonce(alice.address)).toBe(1);
    held.open();
    await submitted;
    expect([aliceMicro(slow), slow.height()]).toEqual([BALANCE_MICRO - 5n, 2]);
    await slow.close();
  });

  test('closing finishes what is pending and refuses what comes after', async () => {
    const pending = Array.from({ length: 50 }, () => ledger.transact(alice, toBob(1n)));
    await Promise.all([ledger.close(), ...pending]);
    expect(ledger.height()).toBe(51);
    await expect(ledger.transact(alice, toBob(1n))).rejects.toMatchObject({ code: 'ledger-closed' });
  });
});

describe('opening', () => {
  beforeEach(async () => {
    await setUpScenario(ledger);
    for (let round = 0; round < 5; round += 1) {
      await ledger.transact(alice, toBob(3n));
      await ledger.transact(client, settlementAction(ledger, 2));
    }
  });

  test('replay gives the same state, with signatures checked again', async () => {
    const again = await open({ verifySignatures: true });
    expect([again.stateRoot(), again.headHash(), again.height()]).toEqual([
      ledger.stateRoot(),
      ledger.headHash(),
      ledger.height(),
    ]);
    expect(again.totalMicro()).toBe(again.settings().supplyMicro);
    expect(again.proveAccount(alice.address)).toEqual(ledger.proveAccount(alice.address));
    await again.close();
  });

  test('a forged entry with a correct hash is found when signatures are checked again', async () => {
    const forged = { ...seal(signedToBob({ nonce: 5 })), signature: new Uint8Array(64) };
    entries.push(chainEntry(chainHashIn(entries.at(-1)!), forged).bytes);
    await expect(open({ verifySignatures: true })).rejects.toMatchObject({
      code: 'log-corrupt',
      metadata: { index: entries.length - 1 },
    });
  });

  test('the log of another network is refused', async () => {
    await expect(open({ network: 'other-net' })).rejects.toMatchObject({ code: 'wrong-network' });
    await expect(open({ log: memoryLog(), network: 'other-net' })).rejects.toMatchObject({
      code: 'wrong-network',
    });
    await expect(openLedger({ log: memoryLog(), network: NETWORK })).rejects.toMatchObject({
      code: 'ledger-empty',
    });
  });

  test('one flipped bit anywhere in any entry is found', async () => {
    for (const [index, entry] of entries.entries())
      for (const at of [0, 1, 40, 100, entry.length - 1]) {
        entry[at]! ^= 4;
        await expect(open()).rejects.toMatchObject({ code: 'log-corrupt', metadata: { index } });
        entry[at]! ^= 4;
      }
  });

  test('entries that are cut short, missing or in another order are found', async () => {
    const whole = [...entries];
    entries[3] = whole[3]!.subarray(0, 50);
    await expect(open()).rejects.toMatchObject({ code: 'log-corrupt', metadata: { index: 3 } });
    entries = whole.filter((_, index) => index !== 3);
    await expect(open()).rejects.toMatchObject({ code: 'log-corrupt', metadata: { index: 3 } });
    entries = [...whole.slice(0, 3), whole[4]!, whole[3]!, ...whole.slice(5)];
    await expect(open()).rejects.toMatchObject({ code: 'log-corrupt', metadata: { index: 3 } });
    entries = whole;
  });
});
