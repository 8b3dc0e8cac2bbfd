import { type Clock, formatCredits, messageOf, type OwnerKey } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { attendanceOf, seatEndsAtEpoch, type Validator } from '@market-of-experts/protocol';

export interface RollCallerComponents {
  readonly ledger: Ledger;
  /** The treasury's key. */
  readonly keys: OwnerKey;
  readonly clock: Clock;
  readonly onWarning: (message: string) => void;
}

export interface RollCaller {
  /** To be called whenever validators seem to be missing: calls the roll, as often as makes sense. */
  validatorsMissing(): void;
  /** Resolves when no call is under way any more. */
  close(): Promise<void>;
}

/**
 * Finds out who is there when something waits for those who may not be: one call asks, a second one, when the time to answer
 * is over, leaves out who did not. Where all are there after all (and do not agree, or others are to blame), the next
 * calls become rarer, down to one an epoch.
 */
export function rollCaller({ ledger, keys, clock, onWarning }: RollCallerComponents): RollCaller {
  const stopped = new AbortController();
  let pauseMs = 0;
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;

  const those = (attendance: 'present' | 'absent'): readonly Validator[] =>
    ledger.validators().filter((validator) => attendanceOf(validator) === attendance);
  const callRoll = async (): Promise<void> => {
    const { rollCall, rules } = ledger.settings();
    const atMs = clock.nowMs();
    const leftMs = atMs < rollCall.atMs ? 0 : rollCall.atMs + rules.answerMs - atMs;
    if (leftMs > 0) await clock.sleep(leftMs, stopped.signal);
    const before = new Set(those('absent').map(({ node }) => node));
    await ledger.transact(keys, { kind: 'rollCall', atMs: Math.max(clock.nowMs(), atMs + leftMs) });
    const gone = those('absent').filter(({ node }) => !before.has(node));
    for (const { name, stakeMicro, seen, ...validator } of gone)
      onWarning(
        `Validator ${name}, with ${formatCredits(stakeMicro)} credits, has given no sign of life since epoch ${seen!.epoch}, and is waited for no more. Until it comes back, or loses its seat when epoch ${seatEndsAtEpoch(validator, ledger.settings())} begins, its stake is still part of the whole, of which validators with more than a third must agree.`,
      );
  };
  const findOut = async (): Promise<void> => {
    await callRoll();
    const { rollCall, rules } = ledger.settings();
    await clock.sleep(rules.answerMs, stopped.signal);
    const isMissing = those('present').some(({ seen }) => seen!.call < rollCall.number);
    if (isMissing) await callRoll();
    pauseMs = isMissing ? 0 : Math.min(rules.epochMs, Math.max(2 * pauseMs, rules.answerMs));
    quietUntilMs = clock.steadyMs() + pauseMs;
  };
  return {
    validatorsMissing() {
      if (stopped.signal.aborted || running !== undefined || clock.steadyMs() < quietUntilMs) return;
      if (clock.steadyMs() - quietUntilMs > ledger.settings().rules.epochMs) pauseMs = 0;
      running = findOut()
        .catch((error: unknown) => {
          if (!stopped.signal.aborted)
            onWarning(`The roll of validators could not be called: ${messageOf(error)}`);
        })
        .finally(() => {
          running = undefined;
        });
    },
    async close() {
      stopped.abort();
      await running;
    },
  };
}
