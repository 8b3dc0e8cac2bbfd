import type { Clock } from '@market-of-experts/core';
import type { ExpertBackend } from '@market-of-experts/models';

/** What an expert has in hand and how fast it has been lately: by which it knows whether it can answer in time. */
export interface Workload {
  /** The backend, measured. */
  readonly backend: ExpertBackend;
  /** How long so many more texts will take, behind those that wait already; 0 before anything was measured. */
  expectedMs(texts: number): number;
  /** Whether it should not be drawn for a while: it could not keep up, again and again. */
  isPaused(): boolean;
  /** It had to decline for want of time, or its backend failed. */
  noteTrouble(): void;
}

/** Weight of the newest measurement. */
const newest = 0.3;
/** Troubles in a row, without an answer in between, before it steps out of the draw. */
const troublesToPause = 3;
const firstPauseMs = 30_000;
const longestPauseMs = 600_000;

export function workload(
  inner: ExpertBackend,
  clock: Clock,
  onPause: () => void = () => undefined,
): Workload {
  let waiting = 0;
  /** Of one text, while as many waited as did. */
  let perTextMs = 0;
  let troubles = 0;
  let pausedUntilMs = 0;
  let pauseMs = firstPauseMs;

  const measured = async (
    texts: readonly string[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<Float32Array[]> => {
    const startMs = clock.steadyMs();
    waiting += texts.length;
    // Those that came before are done first.
    const queued = waiting;
    try {
      const vectors = await inner.embed(texts, options);
      const tookMs = (clock.steadyMs() - startMs) / Math.max(1, queued);
      perTextMs = perTextMs === 0 ? tookMs : (1 - newest) * perTextMs + newest * tookMs;
      troubles = 0;
      if (clock.steadyMs() > pausedUntilMs + pauseMs) pauseMs = firstPauseMs;
      return vectors;
    } finally {
      waiting -= texts.length;
    }
  };
  return {
    backend: {
      name: inner.name,
      dimensions: inner.dimensions,
      embed: measured,
      close: () => inner.close(),
    },
    expectedMs: (texts) => perTextMs * (waiting + texts),
    isPaused: () => clock.steadyMs() < pausedUntilMs,
    noteTrouble() {
      troubles += 1;
      // With nothing in hand what was measured under load is old: the next text measures anew.
      if (waiting === 0) perTextMs /= 2;
      if (troubles < troublesToPause) return;
      troubles = 0;
      pausedUntilMs = clock.steadyMs() + pauseMs;
      pauseMs = Math.min(longestPauseMs, 2 * pauseMs);
      onPause();
    },
  };
}
