import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ReceiptLimits, ReceiptStore } from '../receipts/receipts.ts';

export interface ReceiptsPlace {
  open(limits?: ReceiptLimits): Promise<ReceiptStore>;
  dispose(): Promise<void>;
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

/** What every adapter of the {@link ReceiptStore} port must do. `create` makes a new, empty place. */
export function receiptsComplianceTests(name: string, create: () => Promise<ReceiptsPlace>): void {
  describe(`${name} is a receipt store`, () => {
    let place: ReceiptsPlace;
    let store: ReceiptStore;

    beforeEach(async () => {
      place = await create();
      store = await place.open();
    });
    afterEach(async () => {
      await store.close();
      await place.dispose();
    });
    const reopen = async (limits?: ReceiptLimits) => {
      await store.close();
      store = await place.open(limits);
    };
    const pendingIds = async () => (await store.listPending(100)).map(({ id }) => id);
    const recentIds = async () => (await store.recent(100)).map(({ id }) => id);

    test('gives back what was put, also after it is opened again', async () => {
      await store.put('a', bytes('first'), { pending: false });
      await reopen();
      expect(await store.get('a')).toEqual(bytes('first'));
      expect(await store.get('b')).toBeUndefined();
    });

    test('lists pending receipts, oldest first, until they are settled', async () => {
      await Promise.all(['a', 'b', 'c'].map((id) => store.put(id, bytes(id), { pending: id !== 'b' })));
      expect(await store.listPending(100)).toEqual([
        { id: 'a', bytes: bytes('a') },
        { id: 'c', bytes: bytes('c') },
      ]);
      expect(store.pendingCount()).toBe(2);
      await store.markSettled(['a', 'b', 'unknown']);
      await reopen();
      expect(await pendingIds()).toEqual(['c']);
      expect(store.pendingCount()).toBe(1);
      expect(await store.get('a')).toEqual(bytes('a'));
    });

    test('lists the latest first', async () => {
      for (const id of ['a', 'b', 'c']) await store.put(id, bytes(id), { pending: false });
      await reopen();
      await store.put('d', bytes('d'), { pending: true });
      expect(await recentIds()).toEqual(['d', 'c', 'b', 'a']);
      expect((await store.recent(2)).map(({ id }) => id)).toEqual(['d', 'c']);
    });

    test('putting an id again, even at the same time, replaces the bytes and keeps one place', async () => {
      await Promise.all([
        store.put('a', bytes('one'), { pending: true }),
        store.put('b', bytes('b'), { pending: true }),
        store.put('a', bytes('two'), { pending: true }),
      ]);
      expect(await store.get('a')).toEqual(bytes('two'));
      expect(await pendingIds()).toEqual(['a', 'b']);
      expect(store.pendingCount()).toBe(2);
      await store.put('a', bytes('three'), { pending: false });
      expect(await pendingIds()).toEqual(['b']);
      expect(await recentIds()).toEqual(['b', 'a']);
    });

    test('drops the oldest settled receipts beyond the limit, never pending ones', async () => {
      await reopen({ maxReceipts: 3, maxPending: 10 });
      await store.put('pending', bytes('p'), { pending: true });
      for (const id of ['a', 'b', 'c', 'd']) await store.put(id, bytes(id), { pending: false });
      expect(await recentIds()).toEqual(['d', 'c', 'pending']);
      expect(await store.get('a')).toBeUndefined();
      await store.markSettled(['pending']);
      await store.put('e', bytes('e'), { pending: false });
      expect(await recentIds()).toEqual(['e', 'd', 'c']);
    });

    test('refuses more pending receipts than it may hold, and recovers', async () => {
      await reopen({ maxReceipts: 10, maxPending: 2 });
      const results = await Promise.allSettled(
        ['a', 'b', 'c'].map((id) => store.put(id, bytes(id), { pending: true })),
      );
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
      expect(results[2]).toMatchObject({ reason: { code: 'overloaded', isRetryable: true } });
      await store.markSettled(['a']);
      await store.put('c', bytes('c'), { pending: true });
      expect(await pendingIds()).toEqual(['b', 'c']);
    });

    test('copies what it is given and what it gives', async () => {
      const given = bytes('abc');
      const put = store.put('a', given, { pending: false });
      given.fill(0);
      await put;
      const got = await store.get('a');
      await store.put('b', bytes('xyz'), { pending: false });
      await store.get('b');
      expect(got).toEqual(bytes('abc'));
    });

    test('refuses to work when closed', async () => {
      await store.close();
      await expect(store.put('a', bytes('a'), { pending: false })).rejects.toMatchObject({
        code: 'receipts-closed',
      });
      await expect(store.get('a')).rejects.toMatchObject({ code: 'receipts-closed' });
    });
  });
}
