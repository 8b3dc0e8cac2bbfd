import { type Clock, MoeError, type NodeId } from '@moe/core';

export interface StageInit<Answer> {
  readonly seats: readonly NodeId[];
  readonly deadlineMs: number;
  /** Once `progress` says quorum, stragglers get this long. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** One request; the signal aborts when the stage is over. */
  readonly ask: (seat: NodeId, signal: AbortSignal) => Promise<Answer>;
  /** Takes an answer in. What it throws counts as no answer. */
  readonly accept: (seat: NodeId, answer: Answer) => void | Promise<void>;
  readonly progress: () => 'waiting' | 'quorum' | 'all';
}

/** Made once: a reason of its own for each stage would cost a stack trace. */
const stageOver = new MoeError('request-aborted', 'The stage is over.');

/**
 * Asks everyone at once and takes answers in order of arrival until all are there, the quorum's grace is over,
 * every request has ended, or the deadline has passed. Returns why each missing seat has no answer.
 */
export async function runStage<Answer>(init: StageInit<Answer>): Promise<ReadonlyMap<NodeId, unknown>> {
  const { clock, signal } = init;
  const failures = new Map<NodeId, unknown>();
  const accepting = new Set<Promise<void>>();
  const over = new AbortController();
  const stop = (): void => over.abort(stageOver);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await new Promise<void>((resolve) => {
      let pending = init.seats.length;
      let isGraceRunning = false;
      const finish = (): void => {
        over.abort(stageOver);
        resolve();
      };
      const check = (): void => {
        const progress = init.progress();
        if (progress === 'all' || pending === 0) return finish();
        if (progress === 'quorum' && !isGraceRunning) {
          isGraceRunning = true;
          clock.sleep(init.graceMs, over.signal).then(finish, () => undefined);
        }
      };
      over.signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted || pending === 0) return finish();
      clock.sleep(init.deadlineMs, over.signal).then(finish, () => undefined);
      for (const seat of init.seats)
        init
          .ask(seat, over.signal)
          .then(async (answer) => {
            if (over.signal.aborted) return;
            const taken = Promise.resolve(init.accept(seat, answer)).finally(() => accepting.delete(taken));
            accepting.add(taken);
            await taken;
          })
          .catch((error: unknown) => failures.set(seat, error))
          .finally(() => {
            pending -= 1;
            if (!over.signal.aborted) check();
          });
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
  // What had begun to be taken in when time was up is taken in: the caller goes on with a state at rest.
  await Promise.allSettled(accepting);
  signal.throwIfAborted();
  return failures;
}
