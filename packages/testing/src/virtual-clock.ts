import { type Clock, pendingSignatureChecks } from '@market-of-experts/core';

export interface VirtualClock extends Clock {
  /** Sleepers that wait now. */
  waiting(): number;
}

interface Sleeper {
  readonly wakeMs: number;
  readonly wake: () => void;
}

/** Idle turns of the event loop after which nothing but time is waited for. */
const idleTurns = 3;
/** Turns after which time passes although somebody says to be at work: they may wait for it themselves. */
const busyTurns = 20_000;

/**
 * Time that passes only while everybody waits for it: a deadline of seconds costs microseconds. Work that needs
 * the event loop for longer (files, thread pools) must not be waited for beside it, or be told of by `isBusy`; checks of
 * signatures are known.
 */
export function virtualClock(startMs = 1_700_000_000_000, isBusy: () => boolean = () => false): VirtualClock {
  const sleepers = new Set<Sleeper>();
  let nowMs = startMs;
  let turns = 0;
  let isRunning = false;
  const turn = (): void => {
    if (sleepers.size === 0) {
      isRunning = false;
      return;
    }
    // Checks end by themselves, however slow the machine is: no time passes meanwhile.
    turns = pendingSignatureChecks() > 0 ? 0 : turns + 1;
    if (turns > (isBusy() ? busyTurns : idleTurns)) {
      turns = 0;
      let next: Sleeper | undefined;
      for (const sleeper of sleepers) if (next === undefined || sleeper.wakeMs < next.wakeMs) next = sleeper;
      sleepers.delete(next!);
      nowMs = Math.max(nowMs, next!.wakeMs);
      next!.wake();
    }
    setImmediate(turn);
  };
  return {
    nowMs: () => Math.floor(nowMs),
    steadyMs: () => Math.floor(nowMs - startMs),
    waiting: () => sleepers.size,
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const abort = (): void => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        const sleeper: Sleeper = {
          wakeMs: nowMs + delayMs,
          wake: () => {
            signal?.removeEventListener('abort', abort);
            resolve();
          },
        };
        signal?.addEventListener('abort', abort, { once: true });
        sleepers.add(sleeper);
        turns = 0;
        if (!isRunning) {
          isRunning = true;
          setImmediate(turn);
        }
      }),
  };
}
