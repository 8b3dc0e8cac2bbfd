import { Worker } from 'node:worker_threads';
import { isMoeError } from '@market-of-experts/core';
import { afterEach, describe, expect, it } from 'vitest';
import { WorkerLink, type WorkerLinkInit } from '../../src/host/worker-link.ts';

/** Speaks the protocol: gives [length of the text]; does not answer "hang", and ends itself on "crash". */
const fakeWorker = `
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', (message) => {
    if (message.type === 'open')
      parentPort.postMessage({ type: 'opened', call: message.call, name: message.spec.kind, dimensions: 1 });
    if (message.type === 'stop') process.exit(0);
    if (message.type !== 'embed' || message.texts.includes('hang')) return;
    if (message.texts.includes('crash')) throw new Error('boom');
    const vectors = Float32Array.from(message.texts, (text) => text.length);
    parentPort.postMessage({ type: 'embedded', call: message.call, vectors });
  });`;

const links: WorkerLink[] = [];
afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()));
});

function startLink(init: Partial<WorkerLinkInit> = {}): { link: WorkerLink; starts: () => number } {
  let starts = 0;
  const link = new WorkerLink({
    name: 'fake',
    startWorker: () => {
      starts++;
      return new Worker(new URL(`data:text/javascript,${encodeURIComponent(fakeWorker)}`), { execArgv: [] });
    },
    restartDelayMs: 1,
    ...init,
  });
  links.push(link);
  return { link, starts: () => starts };
}

describe('WorkerLink', () => {
  it('answers concurrent calls, each with its own vectors', async () => {
    const { link } = startLink();
    const backend = await link.open({ kind: 'lexical' });
    const answers = await Promise.all(['a', 'bb', 'ccc'].map((text) => backend.embed([text, text])));
    expect(answers.map(([first]) => first![0])).toEqual([1, 2, 3]);
    expect(answers[0]![0]!.buffer).not.toBe(answers[0]![1]!.buffer);
  });

  it('rejects what is in flight when the thread crashes, again and again, and comes back each time', async () => {
    const { link, starts } = startLink();
    const backend = await link.open({ kind: 'lexical' });
    for (let round = 1; round <= 3; round++) {
      const outcomes = await Promise.allSettled([backend.embed(['hang']), backend.embed(['crash'])]);
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({
          status: 'rejected',
          reason: {
            code: 'backend-unavailable',
            isRetryable: true,
            message: expect.stringContaining('boom'),
          },
        });
      let vectors: Float32Array[] | undefined;
      while (vectors === undefined) {
        try {
          vectors = await backend.embed(['back']);
        } catch (error) {
          if (!isMoeError(error, 'backend-unavailable')) throw error;
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      expect(vectors[0]![0]).toBe(4);
      expect(starts()).toBe(round + 1);
    }
  });

  it('refuses texts beyond its bounds and frees their place when they are given up', async () => {
    const { link } = startLink({ maxTexts: 2, maxCharacters: 10 });
    const backend = await link.open({ kind: 'lexical' });
    const controller = new AbortController();
    const hanging = backend.embed(['hang', 'x'], { signal: controller.signal });
    hanging.catch(() => {});
    await expect(backend.embed(['y'])).rejects.toMatchObject({ code: 'overloaded', isRetryable: true });
    controller.abort();
    await expect(hanging).rejects.toMatchObject({ code: 'request-aborted' });
    await expect(backend.embed(['much too long'])).rejects.toMatchObject({ code: 'overloaded' });
    expect(await backend.embed(['y'])).toHaveLength(1);
  });

  it('is unavailable once closed', async () => {
    const { link } = startLink();
    const backend = await link.open({ kind: 'lexical' });
    const hanging = backend.embed(['hang']);
    hanging.catch(() => {});
    await link.close();
    await expect(hanging).rejects.toMatchObject({ code: 'backend-unavailable' });
    await expect(backend.embed(['a'])).rejects.toMatchObject({ code: 'backend-unavailable' });
  });

  it('refuses a backend that was closed', async () => {
    const { link } = startLink();
    const backend = await link.open({ kind: 'lexical' });
    await backend.close();
    await backend.close();
    await expect(backend.embed(['a'])).rejects.toMatchObject({ code: 'backend-unavailable' });
  });
});
