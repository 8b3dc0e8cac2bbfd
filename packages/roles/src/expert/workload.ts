import type { Clock } from '@market-of-experts/core';
import type { TaskSkill } from '../tasks/task-skill.ts';

/** What an expert has in hand and how fast it has been lately: by which it knows whether it can answer in time. */
export interface Workload {
  /** The skill, measured. */
  readonly skill: TaskSkill;
  /** How long so many more texts will take, behind those that wait already; 0 before anything was measured. */
  expectedMs(texts: number): number;
  /** Whether it should not be drawn for a while: it could not keep up, again and again. */
  isPaused(): boolean;
  /** It had to decline for want of time, or its model failed. */
  noteTrouble(): void;
}

/** Weight of the newest measurement. */
const newest = 0.3;
/** Troubles in a row, without an answer in between, before it steps out of the draw. */
const troublesToPause = 3;
const firstPauseMs = 30_000;
const longestPauseMs = 600_000;

export function workload(inner: TaskSkill, clock: Clock, onPause: () => void = () => undefined): Workload {
  let waiting = 0;
  /** Of one text, while as many waited as did. */
  let perTextMs = 0;
  let troubles = 0;
  let pausedUntilMs = 0;
  let pauseMs = firstPauseMs;

  const measured = async <Answers>(texts: number, answer: () => Promise<Answers>): Promise<Answers> => {
    const startMs = clock.steadyMs();
    waiting += texts;
    // Those that came before are done first.
    const queued = waiting;
    try {
      const answers = await answer();
      const tookMs = (clock.steadyMs() - startMs) / Math.max(1, queued);
      perTextMs = perTextMs === 0 ? tookMs : (1 - newest) * perTextMs + newest * tookMs;
      troubles = 0;
      if (clock.steadyMs() > pausedUntilMs + pauseMs) pauseMs = firstPauseMs;
      return answers;
    } finally {
      waiting -= texts;
    }
  };
  return {
    skill: {
      name: inner.name,
      answerFirst: (list, ...asked) => measured(list.length, () => inner.answerFirst(list, ...asked)),
      answerSecond: (list, ...asked) => measured(list.length, () => inner.answerSecond(list, ...asked)),
      answerAll: (texts, ...asked) => measured(texts.length, () => inner.answerAll(texts, ...asked)),
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
