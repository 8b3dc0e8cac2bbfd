import { setTimeout as delay } from 'node:timers/promises';
import { isMoeError, MoeError } from '@market-of-experts/core';
import {
  certificateOf,
  client,
  NETWORK,
  scenarioGenesis,
  settlementAction,
  setUpScenario,
  traders,
} from '@market-of-experts/testing/ledger-crash/scenario';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type SmallDisk, smallDisk } from '../src/compliance/small-disk.ts';
import { type EmbeddedLedger, openEmbeddedLedger } from '../src/embedded-ledger.ts';
import type { Ledger } from '../src/fold/ledger.ts';
import { openLedger } from '../src/fold/open-ledger.ts';
import type { Log } from '../src/log/log.ts';
import { memoryLog } from '../src/log/memory-log.ts';

const [alice, bob] = [traders[0]!, traders[1]!];
const transfer = { kind: 'transfer', to: bob.address, amountMicro: 1n } as const;
const open = (directory: string): Promise<EmbeddedLedger> =>
  openEmbeddedLedger({ directory, network: NETWORK, genesis: scenarioGenesis() });
const untilWritable = (ledger: Ledger): Promise<void> =>
  vi.waitFor(() => expect(ledger.health()).toEqual({ isWritable: true }), { interval: 50 });

const probe = smallDisk(1);
probe?.remove();

describe.skipIf(probe === undefined)('a disk that is really full', () => {
  let disk: SmallDisk;
  let embedded: EmbeddedLedger;
  const rejections: unknown[] = [];
  const onRejection = (error: unknown) => rejections.push(error);

  beforeEach(async () => {
    disk = smallDisk(24)!;
    rejections.length = 0;
    process.on('unhandledRejection', onRejection);
    embedded = await open(disk.path);
    await setUpScenario(embedded.ledger);
  });
  afterEach(async () => {
    await embedded.close();
    process.off('unhandledRejection', onRejection);
    disk.remove();
    expect(rejections).toEqual([]);
  });

  test('refuses with a reason, goes on by itself once there is space, and no credit is lost', async () => {
    const { ledger, receipts } = embedded;
    await ledger.transact(alice, transfer);
    const before = ledger.account(alice.address);
    disk.fill();
    const refused = await Promise.allSettled([
      ...Array.from({ length: 50 }, () => ledger.transact(alice, transfer)),
      receipts.put('certificate-0', certificateOf(0).bytes, { pending: true }),
    ]);
    for (const outcome of refused) {
      const reason = outcome.status === 'rejected' ? outcome.reason : undefined;
      expect(isMoeError(reason)).toBe(true);
      expect(reason.isRetryable).toBe(true);
      expect(reason.message).toContain('full');
      expect(reason.message).not.toContain('Nothing more is taken');
    }
    expect(ledger.health()).toMatchObject({ isWritable: false, needsRestart: false });
    expect(receipts.failure()?.code).toBe('store-failed');
    // Reading goes on, and shows what is durable.
    expect(ledger.account(alice.address)).toEqual(before);
    expect(await receipts.get('certificate-0')).toBeUndefined();
    await expect(ledger.transact(alice, transfer)).rejects.toMatchObject({ code: 'ledger-failed' });

    disk.free();
    await untilWritable(ledger);
    expect(receipts.pendingCount()).toBe(0);
    await receipts.put('certificate-0', certificateOf(0).bytes, { pending: true });
    await ledger.transact(client, settlementAction(ledger, 1));
    await ledger.transact(alice, transfer);
    expect(ledger.account(alice.address).nonce).toBe(before.nonce + 1);
    expect(ledger.totalMicro()).toBe(ledger.settings().supplyMicro);

    const [root, height] = [ledger.stateRoot(), ledger.height()];
    await embedded.close();
    embedded = await open(disk.path);
    expect([embedded.ledger.stateRoot(), embedded.ledger.height()]).toEqual([root, height]);
    expect(embedded.receipts.pendingCount()).toBe(1);
  });

  test('again and again: what was confirmed is there, and the state is that of the log', async () => {
    let confirmed = embedded.ledger.account(alice.address).nonce;
    for (let round = 0; round < 3; round += 1) {
      const sending = (async () => {
        for (;;) {
          const placed = await Promise.allSettled(
            Array.from({ length: 20 }, () => embedded.ledger.transact(alice, transfer)),
          );
          confirmed += placed.filter(({ status }) => status === 'fulfilled').length;
          if (placed.some(({ status }) => status === 'rejected')) return;
        }
      })();
      await delay(20);
      disk.fill();
      await sending;
      disk.free();
      await untilWritable(embedded.ledger);
      expect(embedded.ledger.account(alice.address).nonce).toBeGreaterThanOrEqual(confirmed);
      confirmed = embedded.ledger.account(alice.address).nonce;
    }
    const root = embedded.ledger.stateRoot();
    await embedded.close();
    embedded = await open(disk.path);
    expect(embedded.ledger.stateRoot()).toBe(root);
    expect(embedded.ledger.totalMicro()).toBe(embedded.ledger.settings().supplyMicro);
  });

  test('closing while the disk is full ends in order', async () => {
    disk.fill();
    await expect(embedded.ledger.transact(alice, transfer)).rejects.toMatchObject({ code: 'ledger-failed' });
    await embedded.close();
    disk.free();
    embedded = await open(disk.path);
    await embedded.ledger.transact(alice, transfer);
  });
});

describe('a log that fails', () => {
  /** Appends fail while `mode` says so: before, or after the entries were written. */
  function failingLog() {
    const entries: Uint8Array[] = [];
    const inner = memoryLog(entries);
    const state = { mode: 'works' as 'works' | 'fails' | 'writes and fails' };
    let waiters: (() => void)[] = [];
    const log: Log = {
      ...inner,
      append: async (batch) => {
        if (state.mode === 'fails') throw new MoeError('log-failed', 'No space is left.');
        const first = await inner.append(batch);
        if (state.mode === 'works') return first;
        throw new MoeError('log-failed', 'Whether it was written is unknown.');
      },
      failure: () => (state.mode === 'works' ? undefined : new MoeError('log-failed', 'No space is left.')),
      recovered: () => new Promise((resolve) => waiters.push(resolve)),
    };
    const mend = (): void => {
      state.mode = 'works';
      for (const resolve of waiters) resolve();
      waiters = [];
    };
    return { log, state, mend };
  }

  test.each(['fails', 'writes and fails'] as const)(
    'and %s: the ledger holds what the log holds, in one order',
    async (mode) => {
      const { log, state, mend } = failingLog();
      const ledger = await openLedger({ log, network: NETWORK, genesis: scenarioGenesis() });
      state.mode = mode;
      await expect(ledger.transact(alice, transfer)).rejects.toMatchObject({ code: 'ledger-failed' });
      await expect(ledger.transact(alice, transfer)).rejects.toMatchObject({ code: 'ledger-failed' });
      expect(ledger.health().isWritable).toBe(false);
      expect(ledger.height()).toBe(1);
      const seen: number[] = [];
      ledger.onApplied(({ index }) => seen.push(index));
      mend();
      await untilWritable(ledger);
      const survived = mode === 'fails' ? 0 : 1;
      expect(ledger.height()).toBe(1 + survived);
      await ledger.transact(alice, transfer);
      expect(ledger.account(alice.address).nonce).toBe(1 + survived);
      expect(seen).toEqual(Array.from({ length: 1 + survived }, (_, index) => 1 + index));
      const replayed = await openLedger({ log, network: NETWORK });
      expect(replayed.stateRoot()).toBe(ledger.stateRoot());
      expect(ledger.totalMicro()).toBe(ledger.settings().supplyMicro);
      await ledger.close();
    },
  );

  test('and comes back with an entry that the rules refuse: the process must be started again', async () => {
    const { log, state, mend } = failingLog();
    const ledger = await openLedger({ log, network: NETWORK, genesis: scenarioGenesis() });
    state.mode = 'fails';
    await expect(ledger.transact(alice, transfer)).rejects.toMatchObject({ code: 'ledger-failed' });
    state.mode = 'works';
    await log.append([new Uint8Array(50)]);
    mend();
    await vi.waitFor(() => expect(ledger.health()).toMatchObject({ isWritable: false, needsRestart: true }));
    await expect(ledger.transact(alice, transfer)).rejects.toMatchObject({ code: 'ledger-broken' });
    await ledger.close();
  });
});

describe('rules that throw', () => {
  test('cost only the transaction over which they stumble', async () => {
    const ledger = await openLedger({ log: memoryLog(), network: NETWORK, genesis: scenarioGenesis() });
    // A table that fails on one account stands for any fault in the rules.
    const accounts = ledger.tables().accounts as Map<string, unknown>;
    const get = accounts.get.bind(accounts);
    const cursed = traders[3]!;
    accounts.get = (key: string) => {
      if (key === cursed.address) throw new TypeError("Cannot read properties of undefined (reading 'x')");
      return get(key);
    };
    const outcomes = await Promise.allSettled([
      ledger.transact(alice, transfer),
      ledger.transact(alice, { ...transfer, to: cursed.address }),
      ledger.transact(alice, transfer),
      ledger.transact(alice, { ...transfer, to: cursed.address }),
      ledger.transact(bob, { ...transfer, to: alice.address }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'transaction-failed' } });
    expect(ledger.health()).toEqual({ isWritable: true });
    await ledger.idle();
    accounts.get = get;
    expect(ledger.totalMicro()).toBe(ledger.settings().supplyMicro);
    expect(ledger.account(alice.address).nonce).toBe(2);
    await ledger.close();
  });
});
