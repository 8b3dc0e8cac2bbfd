/** Entry of a model thread: opens backends and answers `embed` requests. Started by `WorkerLink` only. */
import { parentPort, workerData } from 'node:worker_threads';
import { isMoeError, madeOnce, messageOf } from '@market-of-experts/core';
import type { ExpertBackend } from '../backend.ts';
import { backendUnavailable } from '../backend-errors.ts';
import { backendOpener } from './open-backend.ts';
import { packVectors } from './packed-vectors.ts';
import type { FromWorker, PlainError, ToWorker, WorkerSettings } from './worker-messages.ts';

const port = parentPort!;
const open = backendOpener(workerData as WorkerSettings);
/** After a crash all are opened again, unasked: one that fails then is tried again by the next who needs it. */
const backends = new Map<number, () => Promise<ExpertBackend>>();
const calls = new Map<number, AbortController>();

const reply = (message: FromWorker, transfer: ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);

async function answer(call: number, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    reply({ type: 'failed', call, error: plainError(error) });
  }
}

async function embed({ call, backend, texts }: Extract<ToWorker, { type: 'embed' }>): Promise<void> {
  const controller = new AbortController();
  calls.set(call, controller);
  try {
    const opened = await backends.get(backend)?.();
    if (opened === undefined) throw backendUnavailable(`backend ${backend}`, 'it was closed.');
    const vectors = packVectors(
      opened,
      texts.length,
      await opened.embed(texts, { signal: controller.signal }),
    );
    reply({ type: 'embedded', call, vectors }, [vectors.buffer]);
  } finally {
    calls.delete(call);
  }
}

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'open': {
      const opened = madeOnce(() => open(message.spec));
      backends.set(message.backend, opened);
      void answer(message.call, async () => {
        const { name, dimensions } = await opened();
        reply({ type: 'opened', call: message.call, name, dimensions });
      });
      return;
    }
    case 'embed':
      void answer(message.call, () => embed(message));
      return;
    case 'abort':
      calls.get(message.call)?.abort();
      return;
    case 'close': {
      const closing = backends.get(message.backend);
      backends.delete(message.backend);
      closing?.()
        .then((backend) => backend.close())
        .catch(() => {});
      return;
    }
    case 'stop':
      // Ends this thread only. Models run synchronously, so none is running when a message is read.
      process.exit(0);
  }
});

function plainError(error: unknown): PlainError {
  const known = isMoeError(error) ? error : backendUnavailable('model', messageOf(error));
  const { code, message, isRetryable } = known;
  return { code, message, metadata: known.metadata, isRetryable };
}
