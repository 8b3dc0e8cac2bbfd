/** What an expert saw of the market for friends since its ask was last set. */
export interface ClaimCounts {
  /** Claims of it that it granted. */
  readonly won: number;
  /** Claims of it that it refused because another member held it: demand above what it can serve. */
  readonly heldAlready: number;
  /** Certified jobs in which another expert was called although this one was free to be. */
  readonly lost: number;
}

export const noClaims: ClaimCounts = { won: 0, heldAlready: 0, lost: 0 };

export interface AskPricer {
  readonly minimumBps: number;
  readonly maximumBps: number;
  /** Relative change of one step. */
  readonly step: number;
  /** Claims won and lost that are awaited before a step. */
  readonly window: number;
}

export const defaultPricer: AskPricer = { minimumBps: 500, maximumBps: 9_000, step: 0.1, window: 20 };

/**
 * The next ask of an expert that prices itself: higher when more members call it than it can serve in one job,
 * lower when they call others instead; undefined while too little has been seen. One small step at a time, so that
 * an ask settles where about as many calls come as can be answered. Pure.
 */
export function nextAskBps(askBps: number, counts: ClaimCounts, pricer: AskPricer): number | undefined {
  if (counts.won + counts.heldAlready + counts.lost < pricer.window) return undefined;
  const called = counts.won + counts.heldAlready;
  const factor =
    5 * counts.heldAlready > called ? 1 + pricer.step : counts.lost > called ? 1 - pricer.step : 1;
  return Math.round(Math.min(pricer.maximumBps, Math.max(pricer.minimumBps, askBps * factor)));
}
