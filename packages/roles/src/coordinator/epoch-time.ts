import type { Clock } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { LEDGER_TIME } from '@market-of-experts/protocol';

export interface EpochTime {
  /** In how many ms the running epoch should be ended, as far as this process can say; with what is wrong about the clock. */
  due(): { readonly inMs: number; readonly problem?: string };
  close(): void;
}

/**
 * When an epoch is over. The clock of the machine says it, unless it contradicts the ledger: a ledger whose last time lies in the
 * future, or more than 30 days back, may have met a wrong clock then or now. A process that saw the epoch begin knows
 * by its steady time which of the two it was; otherwise the operator must say so (`isAccepted`, which holds until the clock is set
 * again).
 */
export function epochTime(ledger: Ledger, clock: Clock, isAccepted: boolean): EpochTime {
  const startedMs = clock.nowMs() - clock.steadyMs();
  /** The epoch that this process saw begin, and when by its steady time. */
  let begun: { readonly epoch: number; readonly steadyMs: number } | undefined;
  const close = ledger.onApplied(({ transaction }) => {
    if (transaction.kind === 'endEpoch') begun = { epoch: transaction.epoch + 1, steadyMs: clock.steadyMs() };
  });
  return {
    close,
    due() {
      const { epoch, epochStartedMs, rules } = ledger.settings();
      const nowMs = clock.nowMs();
      const inMs = epochStartedMs + rules.epochMs - nowMs;
      const isAhead = nowMs < epochStartedMs - LEDGER_TIME.skewMs;
      if (!isAhead && inMs >= -LEDGER_TIME.overdueMs) return { inMs };
      const isWord = isAccepted && Math.abs(nowMs - clock.steadyMs() - startedMs) < LEDGER_TIME.skewMs;
      if (isWord) return { inMs: 0 };
      if (isAhead && begun?.epoch === epoch) {
        // The clock was set back since: the epoch ends when it has lasted long enough, and the ledger's time is right again.
        return { inMs: Math.max(0, begun.steadyMs + rules.epochMs - clock.steadyMs()) };
      }
      const times = `This machine's clock says ${textOf(nowMs)}, the ledger's last time is ${textOf(epochStartedMs)}`;
      const remedy = 'If the clock is right, start again with --accept-clock.';
      return {
        inMs: isAhead ? inMs : LEDGER_TIME.overdueMs,
        problem: isAhead
          ? `${times}, which lies in its future: no epoch ends until then. ${remedy} If it is wrong, set it.`
          : `${times}, more than 30 days before: no epoch is ended, since the next could not end before this clock's time. ${remedy} If it is wrong, set it.`,
      };
    },
  };
}

function textOf(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}
