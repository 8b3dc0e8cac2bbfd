import type { AccountId } from '@market-of-experts/core';
import { virtualClock } from '@market-of-experts/testing/virtual-clock';
import { describe, expect, it } from 'vitest';
import { type BatchQueueInit, batchQueue, type QueuedText } from '../../src/coordinator/batch-queue.ts';
import { reserveOf } from '../../src/coordinator/reserve.ts';
import { createSlots } from '../../src/coordinator/slots.ts';
import type { TextRequest } from '../../src/coordinator/text-request.ts';

/** A queue over one slot whose jobs end when they are told to. */
function scene(changes: Partial<BatchQueueInit> = {}) {
  const clock = virtualClock();
  const jobs: { readonly texts: string[]; readonly end: (alone?: readonly string[]) => void }[] = [];
  const queue = batchQueue({
    slots: createSlots(1, 64),
    clock,
    mostData: () => 3,
    run: (batch) =>
      new Promise<readonly QueuedText[]>((resolve) => {
        const end = (alone: readonly string[] = []): void => {
          const back = batch.filter(({ request }) => alone.includes(request.text));
          for (const each of batch)
            if (!back.includes(each)) each.answer({ receiptId: each.request.text, feeMicro: 1n });
          resolve(back);
        };
        jobs.push({ texts: batch.map(({ request }: QueuedText) => request.text), end });
      }),
    ...changes,
  });
  const serve = (account: string, text: string, signal = new AbortController().signal, bytes = 10) =>
    queue.examine({ request: { account: account as AccountId, text, signal } as TextRequest, bytes });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { clock, jobs, serve, turn };
}

describe('a queue of texts', () => {
  it('takes along who waits when a slot is free: other accounts first, as they came', async () => {
    const { jobs, serve, turn } = scene();
    const served = ['a 1', 'a 2', 'a 3', 'b 1', 'c 1'].map((text) => serve(text[0]!, text));
    await turn();
    expect(jobs.map(({ texts }) => texts)).toEqual([['a 1', 'b 1', 'c 1']]);
    jobs[0]!.end();
    await turn();
    expect(jobs[1]!.texts).toEqual(['a 2', 'a 3']);
    jobs[1]!.end();
    expect((await Promise.all(served)).map(({ receiptId }) => receiptId)).toEqual([
      'a 1',
      'a 2',
      'a 3',
      'b 1',
      'c 1',
    ]);
    await turn();
    expect(jobs).toHaveLength(2);
  });

  it('serves texts one by one where a job is of one', async () => {
    const { jobs, serve, turn } = scene({ mostData: () => 1, waitMs: 2_000 });
    void serve('a', 'a 1');
    void serve('b', 'b 1');
    await turn();
    expect(jobs.map(({ texts }) => texts)).toEqual([['a 1']]);
  });

  it('puts texts of one region together', async () => {
    const { jobs, serve, turn } = scene({ regionOf: (text) => text.length % 2 });
    for (const text of ['one', 'even', 'odd', 'pairwise', 'seven']) void serve(text, text);
    await turn();
    expect(jobs[0]!.texts).toEqual(['one', 'odd', 'seven']);
  });

  it('waits for others as long as it is told to, and no longer', async () => {
    const { clock, jobs, serve } = scene({ waitMs: 2_000 });
    void serve('a', 'a 1');
    await clock.sleep(1_000);
    void serve('b', 'b 1');
    expect(jobs).toEqual([]);
    await clock.sleep(1_500);
    expect(jobs.map(({ texts }) => texts)).toEqual([['a 1', 'b 1']]);
  });

  it('lets a client go that withdraws while it waits, and no other', async () => {
    const { jobs, serve, turn } = scene({ mostData: () => 2 });
    const gone = new AbortController();
    void serve('a', 'a 1');
    const [second, third] = [serve('a', 'a 2', gone.signal), serve('b', 'b 1')];
    const fourth = serve('c', 'c 1');
    await turn();
    expect(jobs[0]!.texts).toEqual(['a 1', 'b 1']);
    gone.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    jobs[0]!.end();
    await third;
    await turn();
    expect(jobs[1]!.texts).toEqual(['c 1']);
    jobs[1]!.end();
    await fourth;
  });

  it('keeps a client that withdraws in a job: its answer is paid for', async () => {
    const { jobs, serve, turn } = scene();
    const gone = new AbortController();
    void serve('a', 'a 1');
    const second = serve('b', 'b 1', gone.signal);
    await turn();
    gone.abort(new Error('gone'));
    jobs[0]!.end();
    expect(await second).toMatchObject({ receiptId: 'b 1' });
  });

  it('answers who was taken along with the job, and frees his place in the line for slots', async () => {
    const { jobs, serve, turn } = scene({
      slots: createSlots(1, 3),
      mostData: () => 2,
      regionOf: (text) => text.codePointAt(0)!,
    });
    void serve('a', 'x');
    await turn();
    void serve('a', 'r 1');
    void serve('b', 's 1');
    const along = serve('c', 'r 2');
    await turn();
    jobs[0]!.end();
    await turn();
    expect(jobs[1]!.texts).toEqual(['r 1', 'r 2']);
    const next = serve('d', 'r 3');
    const another = serve('e', 's 2');
    jobs[1]!.end();
    await turn();
    // The only slot is busy with another's text.
    expect(jobs[2]!.texts).toEqual(['s 1', 's 2']);
    expect(await Promise.race([along, turn()])).toMatchObject({ receiptId: 'r 2' });
    jobs[2]!.end();
    await turn();
    jobs[3]!.end();
    expect([(await next).receiptId, (await another).receiptId]).toEqual(['r 3', 's 2']);
  });

  it('runs those alone that a job gives back, in their turn', async () => {
    const { jobs, serve, turn } = scene({ mostData: () => 3 });
    const served = ['a 1', 'b 1', 'c 1'].map((text) => serve(text[0]!, text));
    await turn();
    jobs[0]!.end(['b 1', 'c 1']);
    expect((await served[0])!.receiptId).toBe('a 1');
    await turn();
    expect(jobs.map(({ texts }) => texts)).toEqual([['a 1', 'b 1', 'c 1'], ['b 1']]);
    jobs[1]!.end();
    await turn();
    expect(jobs[2]!.texts).toEqual(['c 1']);
    jobs[2]!.end();
    expect((await Promise.all(served)).map(({ receiptId }) => receiptId)).toEqual(['a 1', 'b 1', 'c 1']);
  });

  it('takes no more text into a job than a message carries', async () => {
    const { jobs, serve, turn } = scene();
    const large = 100_000;
    for (const account of ['a', 'b', 'c']) void serve(account, account, new AbortController().signal, large);
    await turn();
    expect(jobs[0]!.texts).toEqual(['a', 'b']);
  });
});

describe('a reserve', () => {
  it('hands every text out once, no more than there is room for', () => {
    const reserve = reserveOf(['four', 'a longer one', 'five!', 'six']);
    expect(reserve.take(2, 10)).toEqual(['four', 'five!']);
    expect(reserve.take(2, 0)).toEqual([]);
    expect(reserve.take(9, 99)).toEqual(['a longer one', 'six']);
    expect(reserve.take(9, 99)).toEqual([]);
  });
});
