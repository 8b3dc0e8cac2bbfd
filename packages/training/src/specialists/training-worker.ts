/** Entry of the training thread: trains one adapter and posts its progress. Started by `adapterTraining` only. */
import { parentPort, workerData } from 'node:worker_threads';
import { type AdapterTask, trainAdapter } from './train-adapter.ts';

/** Training thread → the one that waits for it. */
export type FromTrainingWorker =
  | { readonly type: 'progressed'; readonly step: number; readonly loss: number }
  | { readonly type: 'finished'; readonly matrix: Float32Array };

const port = parentPort!;
const post = (message: FromTrainingWorker, transfer: ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);
const reportEvery = 10;

const training = trainAdapter(workerData as AdapterTask);
let running: number | undefined;
for (let step = 1; ; step++) {
  const next = training.next();
  if (next.done) {
    post({ type: 'finished', matrix: next.value }, [next.value.buffer as ArrayBuffer]);
    break;
  }
  running = running === undefined ? next.value : 0.95 * running + 0.05 * next.value;
  if (step % reportEvery === 0) post({ type: 'progressed', step, loss: running });
}
