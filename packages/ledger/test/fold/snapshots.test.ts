import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from '@market-of-experts/core';
import { NETWORK, scenarioGenesis, traders } from '@market-of-experts/testing/ledger-crash/scenario';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryDirectory } from '../../src/compliance/temporary-directory.ts';
import { writeFrames } from '../../src/fold/frame-file.ts';
import { openLedger } from '../../src/fold/open-ledger.ts';
import { fileSnapshots, type SnapshotStore } from '../../src/fold/snapshots.ts';
import { memoryLog } from '../../src/log/memory-log.ts';

const [alice, bob] = [traders[0]!, traders[1]!];
const toBob = { kind: 'transfer', to: bob.address, amountMicro: 1n } as const;

let directory: ReturnType<typeof temporaryDirectory>;
let entries: Uint8Array[];
const warnings: string[] = [];
const open = (snapshots: SnapshotStore, snapshotEvery?: number) =>
  openLedger({
    log: memoryLog(entries),
    network: NETWORK,
    genesis: scenarioGenesis(),
    snapshots,
    ...(snapshotEvery === undefined ? {} : { snapshotEvery }),
    onWarning: (message) => warnings.push(message),
  });

beforeEach(() => {
  directory = temporaryDirectory();
  entries = [];
  warnings.length = 0;
});
afterEach(() => directory.remove());

test('a snapshot holds the state of its entry, though transactions go on while it is written', async () => {
  const files = fileSnapshots(directory.path);
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const held: SnapshotStore = {
    newestFirst: files.newestFirst,
    save: async (snapshot) => {
      begun.resolve();
      await gate.promise;
      await files.save(snapshot);
    },
  };
  const ledger = await open(held);
  await ledger.transact(alice, toBob);
  const [root, account, height] = [ledger.stateRoot(), ledger.account(alice.address), ledger.height()];
  const saved = ledger.snapshot();
  await begun.promise;
  for (let index = 0; index < 5; index += 1) await ledger.transact(alice, toBob);
  gate.resolve();
  await saved;
  for await (const snapshot of files.newestFirst((message) => warnings.push(message))) {
    expect([snapshot.height, snapshot.network]).toEqual([height, NETWORK]);
    expect(snapshot.state.accounts.get(alice.address)).toEqual(account);
  }
  const again = await open({ newestFirst: files.newestFirst, save: async () => {} });
  expect(again.stateRoot()).toBe(ledger.stateRoot());
  expect(again.stateRoot()).not.toBe(root);
  await ledger.close();
  expect(warnings).toEqual([]);
});

test('only one is written at a time', async () => {
  let writing = 0;
  let most = 0;
  let written = 0;
  const counted: SnapshotStore = {
    newestFirst: async function* () {},
    save: async ({ records }) => {
      writing += 1;
      most = Math.max(most, writing);
      for (const _ of records) await Promise.resolve();
      writing -= 1;
      written += 1;
    },
  };
  const ledger = await open(counted, 2);
  const work = Array.from({ length: 30 }, async (_, index) => {
    await ledger.transact(alice, toBob);
    if (index % 5 === 0) await ledger.snapshot();
  });
  await Promise.all(work);
  await ledger.close();
  expect(written).toBeGreaterThan(5);
  expect(most).toBe(1);
});

test('one of another format is passed over with a sentence: the log suffices', async () => {
  const files = fileSnapshots(directory.path);
  const ledger = await open(files);
  await ledger.transact(alice, toBob);
  const name = '000000000001.snapshot';
  await writeFrames(join(directory.path, name), [encode({ format: 1, network: NETWORK })]);
  writeFileSync(join(directory.path, '000000000002.snapshot'), 'not a snapshot');
  const again = await open({ newestFirst: files.newestFirst, save: async () => {} });
  expect(again.stateRoot()).toBe(ledger.stateRoot());
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toMatch(/000000000002.snapshot is damaged and is passed over/);
  expect(warnings[1]).toMatch(/000000000001.snapshot was written by another version of the ledger and is/);
  await ledger.close();
});
