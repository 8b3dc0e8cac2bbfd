import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { AccountId } from '../ids.ts';
import { countCheck } from '../pending-checks.ts';
import { answerAt, CHECK_BYTES, isCheckForm, packCheck, recoverAccount } from './recovery.ts';

interface Check {
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly resolve: (account: AccountId | undefined) => void;
}
interface Thread {
  readonly worker: Worker;
  /** What it is busy with. */
  batch: Check[];
}

/** Checked on this thread in one turn of the event loop: under a millisecond. */
const inlinePerTurn = 4;
/** Checks that wait at once before threads are started: less is done sooner without. */
const threadsFrom = 12;
/** Most that one thread is given at a time. */
const batchLimit = 32;

const waiting: Check[] = [];
let threads: Thread[] | undefined;
let isTurnDue = false;

/**
 * The account whose key signed the digest, or undefined. Few checks are made on this thread, some in every turn of the
 * event loop; under load, threads take them over (a recovery costs 60 µs as machine code, 170 µs as WebAssembly).
 */
export function recoverAccountAsync(
  digest: Uint8Array,
  signature: Uint8Array,
): Promise<AccountId | undefined> {
  // In a batch, one of another length would take the others with it.
  if (!isCheckForm(digest, signature)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    waiting.push({ digest, signature, resolve: countCheck(resolve) });
    scheduleTurn();
  });
}

function scheduleTurn(): void {
  if (isTurnDue) return;
  isTurnDue = true;
  setImmediate(() => {
    isTurnDue = false;
    turn();
  });
}

function turn(): void {
  if (threads === undefined && waiting.length >= threadsFrom) threads = startThreads();
  const idle = (threads ?? []).filter(({ batch }) => batch.length === 0);
  if (waiting.length > inlinePerTurn)
    for (const [index, thread] of idle.entries()) {
      const share = Math.ceil(waiting.length / (idle.length - index));
      give(thread, waiting.splice(0, Math.min(batchLimit, share)));
    }
  const areAllBusy = threads !== undefined && threads.length > 0 && idle.length === 0;
  if (waiting.length === 0 || (areAllBusy && waiting.length > inlinePerTurn)) return;
  for (const { digest, signature, resolve } of waiting.splice(0, inlinePerTurn))
    resolve(recoverAccount(digest, signature));
  if (waiting.length > 0) scheduleTurn();
}

function give(thread: Thread, batch: Check[]): void {
  if (batch.length === 0) return;
  const checks = new Uint8Array(batch.length * CHECK_BYTES);
  for (const [index, { digest, signature }] of batch.entries()) packCheck(digest, signature, checks, index);
  thread.batch = batch;
  // A process waits for its checks, but not for threads that have nothing to do.
  thread.worker.ref();
  thread.worker.postMessage(checks, [checks.buffer]);
}

function startThreads(): Thread[] {
  return Array.from({ length: Math.min(4, availableParallelism()) }, () => {
    const worker = new Worker(new URL('./recovery-worker.ts', import.meta.url));
    const thread: Thread = { worker, batch: [] };
    worker.unref();
    worker.on('message', (answers: Uint8Array) => {
      const { batch } = thread;
      thread.batch = [];
      worker.unref();
      for (const [index, { resolve }] of batch.entries()) resolve(answerAt(answers, index));
      turn();
    });
    // Without the thread, its work is done by the others or here.
    const giveUp = (): void => {
      threads = threads?.filter((other) => other !== thread) ?? [];
      waiting.unshift(...thread.batch.splice(0));
      scheduleTurn();
    };
    worker.once('error', giveUp);
    worker.once('exit', giveUp);
    return thread;
  });
}
