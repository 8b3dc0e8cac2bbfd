import { type Clock, MoeError, type NodeId } from '@market-of-experts/core';

export interface AskSeatsInit<Answer> {
  readonly seats: readonly NodeId[];
  readonly deadlineMs: number;
  /** Once `progress` says quorum, stragglers get this long. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /**
   * One request; the signal aborts when no answer is waited for any more. A seat that is silent, or whose connection failed, is
   * asked again: on a wide network most of those who seem late were never reached (docs/concepts/lateness.md).
   */
  readonly ask: (seat: NodeId, signal: AbortSignal) => Promise<Answer>;
  /** Takes an answer in. What it throws counts as no answer. */
  readonly accept: (seat: NodeId, answer: Answer) => void | Promise<void>;
  readonly progress: () => 'waiting' | 'quorum' | 'all';
}

/** Silence after which a seat is asked again, once. */
const askAgainMs = 600;
/** A timer that is so late shows that the process did nothing else either. */
const noticedMs = 100;
/** Pauses before a request that failed on the way is repeated: a reset connection is no answer. */
const repeatAfterMs = [50, 200, 800];

/** Made once: a reason of its own for each question would cost a stack trace. */
const askedEnough = new MoeError('request-aborted', 'Enough seats have answered, or the time is over.');

/**
 * Asks everyone at once and takes answers in order of arrival until all are there, the quorum's grace is over,
 * every request has ended, or the deadline has passed. Returns why each missing seat has no answer.
 */
export async function askSeats<Answer>(init: AskSeatsInit<Answer>): Promise<ReadonlyMap<NodeId, unknown>> {
  const { clock, signal } = init;
  const failures = new Map<NodeId, unknown>();
  const accepting = new Set<Promise<void>>();
  const over = new AbortController();
  const stop = (): void => over.abort(askedEnough);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await new Promise<void>((resolve) => {
      const pending = new Set(init.seats);
      let isGraceRunning = false;
      const finish = (): void => {
        over.abort(askedEnough);
        resolve();
      };
      /** Who overslept, since its machine was busy, has not listened either: answers that wait are heard first. */
      const sleepAwake = async (delayMs: number): Promise<void> => {
        const wakeMs = clock.steadyMs() + delayMs;
        await clock.sleep(delayMs, over.signal);
        const oversleptMs = clock.steadyMs() - wakeMs;
        if (oversleptMs > noticedMs) await clock.sleep(Math.min(oversleptMs, delayMs), over.signal);
      };
      const check = (): void => {
        const progress = init.progress();
        if (progress === 'all' || pending.size === 0) return finish();
        if (progress === 'quorum' && !isGraceRunning) {
          isGraceRunning = true;
          sleepAwake(init.graceMs).then(finish, () => undefined);
        }
      };
      /** Nothing more is expected of a seat. */
      const settle = (seat: NodeId): void => {
        pending.delete(seat);
        if (!over.signal.aborted) check();
      };
      over.signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted || pending.size === 0) return finish();
      sleepAwake(init.deadlineMs).then(finish, () => undefined);
      const answered = new Set<NodeId>();
      const take = async (seat: NodeId, answer: Answer): Promise<void> => {
        if (over.signal.aborted || answered.has(seat)) return;
        answered.add(seat);
        const taken = Promise.resolve(init.accept(seat, answer)).finally(() => accepting.delete(taken));
        accepting.add(taken);
        await taken;
      };
      /** Asks until there is an answer or a failure that would be the same again, a few times at most. */
      const persist = async (seat: NodeId): Promise<Answer> => {
        for (const pauseMs of repeatAfterMs)
          try {
            return await init.ask(seat, over.signal);
          } catch (error) {
            if (over.signal.aborted || !(error instanceof MoeError && error.isRetryable)) throw error;
            await clock.sleep(pauseMs, over.signal);
          }
        return init.ask(seat, over.signal);
      };
      for (const seat of init.seats)
        persist(seat)
          .then((answer) => take(seat, answer))
          .catch((error: unknown) => failures.set(seat, error))
          .finally(() => settle(seat));
      clock
        .sleep(askAgainMs, over.signal)
        .then(() => {
          // Whichever of the two requests is answered first counts.
          for (const seat of pending)
            init
              .ask(seat, over.signal)
              .then((answer) => take(seat, answer))
              .then(() => settle(seat))
              .catch(() => undefined);
        })
        .catch(() => undefined);
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
  // What had begun to be taken in when time was up is taken in: the caller goes on with a state at rest.
  await Promise.allSettled(accepting);
  signal.throwIfAborted();
  return failures;
}
