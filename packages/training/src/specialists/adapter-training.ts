import { Worker } from 'node:worker_threads';
import { MoeError, messageOf } from '@market-of-experts/core';
import type { AdapterTask } from './train-adapter.ts';
import type { FromTrainingWorker } from './training-worker.ts';

/**
 * Trains an adapter in a thread of its own and resolves with W, row-major. An abort ends the thread at once and
 * rejects with the signal's reason; a thread that dies rejects with `training-failed`.
 */
export async function adapterTraining(
  task: AdapterTask,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onStep?: ((step: number, loss: number) => void) | undefined;
  },
): Promise<Float32Array> {
  options.signal?.throwIfAborted();
  const worker = new Worker(new URL('./training-worker.ts', import.meta.url), {
    workerData: task,
    execArgv: [],
  });
  let abort: (() => void) | undefined;
  try {
    return await new Promise<Float32Array>((resolve, reject) => {
      abort = () => reject(options.signal?.reason);
      options.signal?.addEventListener('abort', abort, { once: true });
      worker.on('message', (message: FromTrainingWorker) => {
        if (message.type === 'progressed') options.onStep?.(message.step, message.loss);
        else resolve(message.matrix);
      });
      const failed = (why: string): void =>
        reject(
          new MoeError(
            'training-failed',
            `The training thread ended: ${why}. It is tried again at the next start.`,
          ),
        );
      worker.on('error', (error) => failed(messageOf(error)));
      worker.on('exit', (code) => failed(`exit code ${code}`));
    });
  } finally {
    if (abort !== undefined) options.signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}
