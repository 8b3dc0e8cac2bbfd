import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Log } from '../log/log.ts';

/** A place where a log can be opened, closed and opened again. */
export interface LogPlace {
  open(): Promise<Log>;
  /** Removes what the tests left. */
  dispose(): Promise<void>;
}

const bytes = (...values: number[]) => Uint8Array.from(values);

/** What every adapter of the {@link Log} port must do. `create` makes a new, empty place. */
export function logComplianceTests(name: string, create: () => Promise<LogPlace>): void {
  describe(`${name} is a log`, () => {
    let place: LogPlace;
    let log: Log;

    beforeEach(async () => {
      place = await create();
      log = await place.open();
    });
    afterEach(async () => {
      await log.close();
      await place.dispose();
    });
    const reopen = async () => {
      await log.close();
      log = await place.open();
    };

    test('begins empty', async () => {
      expect(await log.head()).toBe(0);
      expect(await log.read(0, 10)).toEqual([]);
    });

    test('numbers entries from 0 and returns the first index of each batch', async () => {
      expect(await log.append([bytes(1), bytes(2)])).toBe(0);
      expect(await log.append([bytes(3)])).toBe(2);
      expect(await log.head()).toBe(3);
      expect(await log.read(0, 10)).toEqual([bytes(1), bytes(2), bytes(3)]);
    });

    test('reads a range, and nothing beyond the end', async () => {
      await log.append([bytes(1), bytes(2), bytes(3), bytes(4)]);
      expect(await log.read(1, 2)).toEqual([bytes(2), bytes(3)]);
      expect(await log.read(3, 5)).toEqual([bytes(4)]);
      expect(await log.read(4, 5)).toEqual([]);
      expect(await log.read(99, 5)).toEqual([]);
    });

    test('takes concurrent appends in the order of the calls, without gaps', async () => {
      const firsts = await Promise.all(
        Array.from({ length: 50 }, (_, i) => log.append([bytes(i, 0), bytes(i, 1)])),
      );
      expect(firsts).toEqual(Array.from({ length: 50 }, (_, i) => 2 * i));
      const read = await log.read(0, 200);
      expect(read.map((entry) => [...entry])).toEqual(
        Array.from({ length: 50 }, (_, i) => [
          [i, 0],
          [i, 1],
        ]).flat(),
      );
    });

    test('keeps everything when it is opened again, and goes on from there', async () => {
      await log.append([bytes(1), bytes(2)]);
      await reopen();
      expect(await log.head()).toBe(2);
      expect(await log.append([bytes(3)])).toBe(2);
      await reopen();
      expect(await log.read(0, 10)).toEqual([bytes(1), bytes(2), bytes(3)]);
    });

    test('an empty batch changes nothing', async () => {
      await log.append([bytes(1)]);
      expect(await log.append([])).toBe(1);
      expect(await log.head()).toBe(1);
    });

    test('holds empty entries and entries of 4 MiB', async () => {
      const large = new Uint8Array(4 * 1024 * 1024).map((_, i) => (i * 31) & 255);
      await log.append([bytes(), large, bytes(7)]);
      await reopen();
      const [empty, read, last] = await log.read(0, 3);
      expect(empty).toEqual(bytes());
      expect(Buffer.compare(read!, large)).toBe(0);
      expect(last).toEqual(bytes(7));
    });

    test('copies what it is given and what it gives', async () => {
      const entry = bytes(1, 2, 3);
      const appended = log.append([entry]);
      entry.fill(9);
      await appended;
      const [first] = await log.read(0, 1);
      expect(first).toEqual(bytes(1, 2, 3));
      await log.append([bytes(4, 5, 6)]);
      await log.read(1, 1);
      expect(first).toEqual(bytes(1, 2, 3));
    });

    test('refuses to work when closed, and may be closed twice', async () => {
      await log.append([bytes(1)]);
      await log.close();
      await log.close();
      await expect(log.append([bytes(2)])).rejects.toMatchObject({ code: 'log-closed' });
      await expect(log.read(0, 1)).rejects.toMatchObject({ code: 'log-closed' });
      await expect(log.head()).rejects.toMatchObject({ code: 'log-closed' });
    });
  });
}
