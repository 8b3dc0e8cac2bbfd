import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Edition, EditionTerms, NextEdition, PayShare, SettledExam } from '@market-of-experts/protocol';

export interface WeighedInit {
  /** In force. */
  readonly edition: Edition;
  readonly exams: readonly SettledExam[];
  /** Of an edition that may follow; none: none may. */
  readonly terms: EditionTerms | undefined;
}

/** What exams say. */
export interface Weighed {
  readonly next: NextEdition | undefined;
  /** Of the next edition, or of that in force where none follows. */
  readonly shares: readonly PayShare[] | undefined;
  /** By how much each part of the same edition lowers its loss; to look at. */
  readonly lowersLoss: readonly number[] | undefined;
}

/**
 * What exams say of an edition and its parts. It takes seconds, and so a thread of its own. Rejects with the reason of the signal's
 * abort, or with what the thread threw.
 */
export async function weighExams(init: WeighedInit, signal: AbortSignal): Promise<Weighed> {
  const worker = new Worker(new URL('./weigh-worker.ts', import.meta.url), {
    workerData: init,
    execArgv: [],
  });
  try {
    const [weighed] = await once(worker, 'message', { signal });
    return weighed;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await worker.terminate();
  }
}
