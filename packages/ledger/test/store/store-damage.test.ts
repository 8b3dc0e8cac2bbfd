import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../src/compliance/temporary-directory.ts';
import { openStore } from '../../src/store/embedded-store.ts';
import { checkStore } from '../../src/store/store-check.ts';

const run = promisify(execFile);
let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

/** A store as a market leaves it: tables that grew and shrank, large values, free pages. */
async function busyStore(path: string, rounds: number): Promise<void> {
  let store = openStore(path);
  for (let round = 0; round < rounds; round += 1) {
    const [log, receipts] = [store.table<number>('log'), store.table<string>('receipts')];
    const [order, pending] = [store.table<number>('receipt-order'), store.table<number>('receipt-pending')];
    await store.write(() => {
      for (let index = 8 * round; index < 8 * (round + 1); index += 1) {
        log.put(index, Buffer.alloc(40 + ((index * 97) % 900), index));
        receipts.put(`receipt-${(index * 7_919) % 10_007}`, Buffer.alloc((index * 389) % 9_000, index));
        order.put(index, Buffer.from(`receipt-${(index * 7_919) % 10_007}`));
        pending.put(index, Buffer.from('x'));
        if (index % 3 === 0) pending.remove(index);
        if (index >= 60) {
          receipts.remove(`receipt-${((index - 60) * 7_919) % 10_007}`);
          order.remove(index - 60);
        }
      }
    });
    expect(() => checkStore(path)).not.toThrow();
    if (round % 7 === 3) {
      await store.close();
      store = openStore(path);
    }
  }
  await store.close();
}

describe('a damaged store', () => {
  test('is refused with a sentence or read as it was: never a signal, never other values', async () => {
    await busyStore(directory.path, 30);
    const worker = fileURLToPath(
      new URL('../../../testing/src/ledger-crash/damage-worker.ts', import.meta.url),
    );
    const { stdout } = await run(process.execPath, [worker, directory.path, '300']).catch((error) => {
      throw new Error(
        `It died after: ${String(error.stdout).split('\n').slice(-3).join(' / ')} ${error.signal} ${error.stderr}`,
      );
    });
    const result = JSON.parse(stdout.trim().split('\n').at(-1)!);
    expect(result.wrong).toEqual([]);
    expect(result.refused).toBeGreaterThan(50);
    expect(result.harmless).toBeGreaterThan(10);
  });

  test('is never found where nothing is damaged', async () => {
    await busyStore(directory.path, 120);
    expect(checkStore(directory.path)).toBeGreaterThan(0);
    expect(checkStore(join(directory.path, 'nothing'))).toBe(0);
  });
});
