import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditDirectory } from '@market-of-experts/testing/ledger-crash/audit';
import { runCrashCycles } from '@market-of-experts/testing/ledger-crash/crash-cycles';
import {
  certificateOf,
  client,
  MARKET,
  NETWORK,
  orderOf,
  scenarioGenesis,
  settlementAction,
  setUpScenario,
  traders,
} from '@market-of-experts/testing/ledger-crash/scenario';
import { soaked } from '@market-of-experts/testing/soak';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../src/compliance/temporary-directory.ts';
import { type EmbeddedLedger, openEmbeddedLedger } from '../src/embedded-ledger.ts';
import { reconcilePending } from '../src/receipts/reconcile.ts';

const crash = join(import.meta.dirname, '../../testing/src/ledger-crash');

const [alice, bob] = [traders[0]!, traders[1]!];
const transfer = { kind: 'transfer', to: bob.address, amountMicro: 1n } as const;

let directory: ReturnType<typeof temporaryDirectory>;
let opened: EmbeddedLedger[];
const warnings: string[] = [];
const open = async (options: { snapshotEvery?: number } = {}): Promise<EmbeddedLedger> => {
  const embedded = await openEmbeddedLedger({
    directory: directory.path,
    network: NETWORK,
    genesis: scenarioGenesis(),
    onWarning: (message) => warnings.push(message),
    ...options,
  });
  opened.push(embedded);
  return embedded;
};
const snapshotFiles = () => readdirSync(join(directory.path, 'snapshots')).sort();
const inSnapshots = (name: string) => join(directory.path, 'snapshots', name);

beforeEach(() => {
  directory = temporaryDirectory();
  opened = [];
  warnings.length = 0;
});
afterEach(async () => {
  for (const embedded of opened) await embedded.close();
  directory.remove();
});

describe('snapshots', () => {
  test('are written every so many entries, and only the last two are kept', async () => {
    const { ledger, close } = await open({ snapshotEvery: 5 });
    for (let index = 0; index < 24; index += 1) await ledger.transact(alice, transfer);
    await ledger.snapshot();
    await close();
    expect(snapshotFiles()).toHaveLength(2);
    const again = await open();
    expect(again.ledger.stateRoot()).toBe(ledger.stateRoot());
    expect(again.ledger.headHash()).toBe(ledger.headHash());
    await again.ledger.transact(alice, transfer);
    expect(warnings).toEqual([]);
  });

  test('damaged ones are reported and passed over: the older one, then the log alone', async () => {
    const { ledger, close } = await open();
    await setUpScenario(ledger);
    await ledger.transact(client, settlementAction(ledger, 3));
    await ledger.snapshot();
    await ledger.transact(alice, transfer);
    await close();
    const [older, newer] = snapshotFiles();
    const newerBytes = readFileSync(inSnapshots(newer!));
    newerBytes[newerBytes.length >> 1]! ^= 1;
    writeFileSync(inSnapshots(newer!), newerBytes);
    const second = await open();
    expect(second.ledger.stateRoot()).toBe(ledger.stateRoot());
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(newer);
    await second.close();
    truncateSync(inSnapshots(older!), 40);
    truncateSync(inSnapshots(newer!), 0);
    writeFileSync(inSnapshots('writing.tmp'), 'half a snapshot');
    const third = await open();
    expect(third.ledger.stateRoot()).toBe(ledger.stateRoot());
    expect(warnings).toHaveLength(3);
  });

  test('one of another log is passed over; one beyond the end of the log says that entries are missing', async () => {
    const { ledger, close } = await open();
    await ledger.transact(alice, transfer);
    await close();
    const [name] = snapshotFiles();
    const foreign = readFileSync(inSnapshots(name!));

    const here = directory;
    directory = temporaryDirectory();
    const other = await open();
    await other.ledger.transact(bob, { ...transfer, to: alice.address });
    await other.close();
    writeFileSync(inSnapshots(snapshotFiles()[0]!), foreign);
    const again = await open();
    expect(again.ledger.stateRoot()).toBe(other.ledger.stateRoot());
    expect(warnings).toHaveLength(1);
    await again.close();
    const longer = await open();
    for (let index = 0; index < 5; index += 1) await longer.ledger.transact(bob, transfer);
    await longer.close();
    const ahead = snapshotFiles().at(-1)!;
    writeFileSync(join(here.path, 'snapshots', ahead), readFileSync(inSnapshots(ahead)));
    directory.remove();
    directory = here;
    await expect(open()).rejects.toMatchObject({ code: 'log-truncated', metadata: { head: 2 } });
  });
});

describe('one process at a time', () => {
  test('a second opening is refused with the pid of the first', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({
      code: 'data-directory-in-use',
      metadata: { pid: process.pid },
    });
    await first.close();
    await open();
  });

  test('another process is refused too, and the lock of a killed one is free', async () => {
    const holder = spawn(process.execPath, [join(crash, 'worker.ts'), directory.path]);
    const ended = once(holder, 'close');
    holder.stdin.write('begin\n');
    let output = '';
    const died = ended.then(() => Promise.reject(new Error(`The worker ended: ${output}`)));
    while (!output.includes('transfer'))
      output += String((await Promise.race([once(holder.stdout, 'data'), died]))[0]);
    died.catch(() => undefined);
    await expect(open()).rejects.toMatchObject({
      code: 'data-directory-in-use',
      metadata: { pid: holder.pid },
    });
    holder.kill('SIGKILL');
    await ended;
    await open();
  });

  test('a directory that cannot be used is named', async () => {
    writeFileSync(join(directory.path, 'file'), '');
    const unusable = openEmbeddedLedger({ directory: join(directory.path, 'file'), network: NETWORK });
    await expect(unusable).rejects.toMatchObject({
      code: 'data-directory-unusable',
      message: `The data directory ${join(directory.path, 'file')} cannot be used: it is a file. Choose another directory.`,
    });
  });
});

describe('crashes', () => {
  test('receipts that were settled but not marked are recognised after a restart', async () => {
    const first = await open();
    await setUpScenario(first.ledger);
    for (const seq of [0, 1, 2, 3, 4]) {
      const { id, bytes } = certificateOf(seq);
      await first.receipts.put(id, bytes, { pending: true });
    }
    await first.ledger.transact(client, settlementAction(first.ledger, 3));
    await first.close();

    const { ledger, receipts } = await open();
    expect(receipts.pendingCount()).toBe(5);
    const left = await reconcilePending(receipts, ledger, orderOf);
    expect(left.map(({ id }) => id)).toEqual(['certificate-3', 'certificate-4']);
    expect(receipts.pendingCount()).toBe(2);
    await ledger.transact(client, settlementAction(ledger, left.length));
    expect(await reconcilePending(receipts, ledger, orderOf)).toEqual([]);
    expect(ledger.nextOrderSeq(client.address, MARKET)).toBe(5);
  });

  test.skipIf(process.platform === 'win32')(
    'a full disk stops the ledger with a sentence; what was acknowledged is there afterwards',
    async () => {
      const script = `
        import { openEmbeddedLedger } from ${JSON.stringify(join(import.meta.dirname, '../src/embedded-ledger.ts'))};
        import * as scenario from ${JSON.stringify(join(crash, 'scenario.ts'))};
        const { ledger, close } = await openEmbeddedLedger({
          directory: process.argv[1], network: scenario.NETWORK, genesis: scenario.scenarioGenesis() });
        const [from, to] = scenario.traders;
        const transfer = { kind: 'transfer', to: to.address, amountMicro: 1n };
        for (let done = 0, error; error === undefined; ) {
          const placed = await Promise.allSettled(Array.from({ length: 200 }, () => ledger.transact(from, transfer)));
          done += placed.filter(({ status }) => status === 'fulfilled').length;
          error = placed.find(({ status }) => status === 'rejected')?.reason;
          if (error !== undefined) console.log(JSON.stringify({ done, code: error.code }));
        }
        await close().catch(() => {});`;
      // Files of more than 1,000 blocks cannot be written, and that is an error, not a signal.
      const limited = spawn('bash', [
        '-c',
        'trap "" XFSZ; ulimit -f 1000; exec "$0" --input-type=module -e "$1" "$2"',
        process.execPath,
        script,
        directory.path,
      ]);
      let output = '';
      limited.stdout.on('data', (text) => {
        output += text;
      });
      expect((await once(limited, 'close'))[0]).toBe(0);
      const { done, code } = JSON.parse(output) as { done: number; code: string };
      expect(code).toBe('ledger-failed');
      expect(done).toBeGreaterThan(0);
      const { ledger } = await open();
      expect(ledger.account(alice.address).nonce).toBeGreaterThanOrEqual(done);
      expect(ledger.totalMicro()).toBe(ledger.settings().supplyMicro);
    },
  );

  test('the audit notices what is missing', async () => {
    const { close } = await open();
    await close();
    const claimed = { transfers: [{ index: 1, trader: 0, nonce: 0 }], receiptsBelow: 1, settledBelow: 1 };
    const audit = await auditDirectory(directory.path, claimed, { fromGenesis: true });
    expect(audit.lostMicro).toBe(1n);
    expect(audit.problems).toHaveLength(3);
  });

  const few = { kills: 8, budgetMs: 0, leastKills: 5 };
  // As many as a quick machine does in half a minute; `npm run bench -- crash` makes a thousand however long it takes.
  const many = { kills: 100, budgetMs: 30_000, leastKills: 15 };
  test('kill -9 at random moments, again and again: nothing acknowledged is lost, nothing is invented', {
    timeout: 900_000,
  }, async () => {
    const report = await runCrashCycles({
      directory: directory.path,
      ...soaked(few, many),
    });
    expect(report.problems).toEqual([]);
    expect([report.lostMicro, report.inventedMicro]).toEqual([0n, 0n]);
    expect(report.kills).toBeGreaterThanOrEqual(soaked(few, many).leastKills);
    expect(report.acknowledgedTransfers).toBeGreaterThan(0);
    expect(report.height).toBeGreaterThan(report.acknowledgedTransfers);
  });
});
