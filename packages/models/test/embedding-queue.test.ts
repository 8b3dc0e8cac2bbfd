import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EmbeddingQueue } from '../src/embedding-queue.ts';

/** Encodes a text as [length]; every run waits for `release`, or not at all without a gate. */
function queueWith(
  options: { maxWaiting?: number; maxBatch?: number; cacheBytes?: number; gate?: Promise<void> } = {},
) {
  const batches: string[][] = [];
  const queue = new EmbeddingQueue<string>({
    name: 'test',
    prepare: (text) => text,
    lengthOf: (text) => text.length,
    run: async (batch) => {
      batches.push([...batch]);
      await options.gate;
      if (batch.includes('poison')) throw new Error('poisoned');
      return batch.map((text) => Float32Array.of(text.length));
    },
    maxBatch: options.maxBatch ?? 4,
    maxWaiting: options.maxWaiting ?? 1_000,
    cacheBytes: options.cacheBytes ?? 1_000_000,
  });
  return { queue, batches };
}

describe('EmbeddingQueue', () => {
  it('gives every caller its vectors in order, whatever is asked together', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.string({ maxLength: 20 }), { maxLength: 12 }), { maxLength: 6 }),
        async (calls) => {
          const { queue, batches } = queueWith();
          const answers = await Promise.all(calls.map((texts) => queue.embed(texts)));
          for (const [call, texts] of calls.entries())
            expect(answers[call]!.map(([length]) => length)).toEqual(texts.map((text) => text.length));
          const encoded = batches.flat();
          expect(new Set(encoded).size).toBe(encoded.length);
          expect(batches.every((batch) => batch.length <= 4)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('encodes a text once for eight callers at the same time, and not again while it is remembered', async () => {
    const { queue, batches } = queueWith();
    await Promise.all(Array.from({ length: 8 }, () => queue.embed(['same text'])));
    await queue.embed(['same text']);
    expect(batches).toEqual([['same text']]);
  });

  it('forgets the least recently used text when the cache is full', async () => {
    const { queue, batches } = queueWith({ cacheBytes: 2 * (200 + 4 + 2) });
    for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) await queue.embed([text]);
    expect(batches.flat()).toEqual(['a', 'b', 'c', 'b']);
  });

  it('puts texts of similar length together', async () => {
    const { queue, batches } = queueWith();
    await Promise.all([
      queue.embed(['x'.repeat(100)]),
      queue.embed(['xx', 'yyy']),
      queue.embed(['z'.repeat(90)]),
    ]);
    expect(batches.map((batch) => batch.map((text) => text.length))).toEqual([
      [100, 90],
      [3, 2],
    ]);
  });

  it('lets a small caller pass a large one', async () => {
    const { queue, batches } = queueWith();
    const large = queue.embed(Array.from({ length: 40 }, (_, index) => `large ${index + 100}`));
    const small = queue.embed(['small']);
    await small;
    expect(batches.length).toBeLessThan(5);
    await large;
  });

  it('drops what nobody waits for and keeps what another caller still wants', async () => {
    const { promise: gate, resolve: release } = Promise.withResolvers<void>();
    const { queue, batches } = queueWith({ gate, maxBatch: 1 });
    const first = queue.embed(['first']);
    const controller = new AbortController();
    const gone = queue.embed(['gone', 'shared'], controller.signal);
    const stays = queue.embed(['shared']);
    controller.abort();
    await expect(gone).rejects.toMatchObject({ code: 'request-aborted' });
    release();
    await Promise.all([first, stays]);
    await queue.embed(['later']);
    expect(batches.flat()).toEqual(['first', 'shared', 'later']);
  });

  it('rejects the callers of a failed batch only, and tries again when asked again', async () => {
    const { queue, batches } = queueWith({ maxBatch: 1 });
    const outcomes = await Promise.allSettled([queue.embed(['poison']), queue.embed(['fine'])]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    await expect(queue.embed(['poison'])).rejects.toThrow('poisoned');
    expect(batches).toHaveLength(3);
  });

  it('a text that cannot be prepared fails its own call, and leaves nothing that others wait for', async () => {
    const queue = new EmbeddingQueue<string>({
      name: 'test',
      prepare: (text) => {
        if (text === 'broken') throw new Error('This text has no tokens.');
        return text;
      },
      lengthOf: (text) => text.length,
      run: async (batch) => batch.map((text) => Float32Array.of(text.length)),
      maxBatch: 4,
      maxWaiting: 5,
      cacheBytes: 1_000,
    });
    for (let round = 0; round < 3; round += 1)
      await expect(queue.embed(['earlier', 'also earlier', 'broken'])).rejects.toThrow('no tokens');
    expect(await queue.embed(['earlier', 'also earlier', 'later', 'last'])).toHaveLength(4);
  });

  it('a model that answers too few vectors fails its batch; none of them is remembered', async () => {
    let isBroken = true;
    const queue = new EmbeddingQueue<string>({
      name: 'test',
      prepare: (text) => text,
      lengthOf: (text) => text.length,
      run: async (batch) => batch.slice(isBroken ? 1 : 0).map((text) => Float32Array.of(text.length)),
      maxBatch: 4,
      maxWaiting: 5,
      cacheBytes: 1_000,
    });
    await expect(queue.embed(['a', 'bb'])).rejects.toMatchObject({ code: 'backend-invalid-output' });
    isBroken = false;
    expect(await queue.embed(['a', 'bb'])).toEqual([Float32Array.of(1), Float32Array.of(2)]);
  });

  it('refuses more than may wait', async () => {
    const { queue } = queueWith({ maxWaiting: 3 });
    await expect(queue.embed(['a', 'b', 'c', 'd'])).rejects.toMatchObject({ code: 'overloaded' });
  });
});
