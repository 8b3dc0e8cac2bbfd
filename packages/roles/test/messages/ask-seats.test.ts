import { getEventListeners } from 'node:events';
import { MoeError, type NodeId } from '@market-of-experts/core';
import { virtualClock } from '@market-of-experts/testing/virtual-clock';
import { describe, expect, it } from 'vitest';
import { type AskSeatsInit, askSeats } from '../../src/messages/ask-seats.ts';

const seats = ['a', 'b', 'c'] as NodeId[];
const never = new Promise<never>(() => undefined);

/** A question to three seats whose answers arrive after these times; `undefined` never answers. */
function question(afterMs: Record<string, number | undefined>, init: Partial<AskSeatsInit<string>> = {}) {
  const clock = virtualClock(0);
  const controller = new AbortController();
  const accepted: string[] = [];
  const signals: AbortSignal[] = [];
  const run = askSeats<string>({
    seats,
    deadlineMs: 1_000,
    graceMs: 50,
    clock,
    signal: controller.signal,
    ask: async (seat, signal) => {
      signals.push(signal);
      const delayMs = afterMs[seat];
      if (delayMs === undefined) await never;
      else await clock.sleep(delayMs, signal);
      return seat;
    },
    accept: (_, answer) => {
      accepted.push(answer);
    },
    progress: () => (accepted.length === seats.length ? 'all' : 'waiting'),
    ...init,
  });
  const isAtRest = () => clock.waiting() === 0 && getEventListeners(controller.signal, 'abort').length === 0;
  return { run, clock, controller, accepted, signals, isAtRest };
}

describe('a question to seats', () => {
  it('ends when all have answered, in order of arrival, long before the deadline', async () => {
    const { run, clock, accepted, isAtRest, signals } = question({ a: 30, b: 10, c: 20 });
    expect((await run).size).toBe(0);
    expect(accepted).toEqual(['b', 'c', 'a']);
    expect(clock.nowMs()).toBe(30);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(isAtRest()).toBe(true);
  });

  it('ends at the deadline, whoever hangs', async () => {
    const { run, clock, accepted, isAtRest, signals } = question({ a: 10, b: undefined, c: 5_000 });
    await run;
    expect(accepted).toEqual(['a']);
    expect(clock.nowMs()).toBe(1_000);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(isAtRest()).toBe(true);
  });

  it('gives stragglers the grace after the quorum, counted once', async () => {
    const accepted: string[] = [];
    const { run, clock, isAtRest } = question(
      { a: 100, b: 140, c: 170 },
      {
        accept: (_, answer) => {
          accepted.push(answer);
        },
        progress: () => (accepted.length >= 1 ? 'quorum' : 'waiting'),
      },
    );
    await run;
    expect(accepted).toEqual(['a', 'b']);
    expect(clock.nowMs()).toBe(150);
    expect(isAtRest()).toBe(true);
  });

  it('ends when every request has ended, and says why each failed', async () => {
    const { run, clock, isAtRest } = question(
      {},
      {
        ask: async (seat) => {
          if (seat === 'b') throw new Error('no route');
          return seat;
        },
        accept: (seat) => {
          if (seat === 'c') throw new Error('forged');
        },
        progress: () => 'waiting',
      },
    );
    const failures = await run;
    expect([...failures].map(([seat, error]) => [seat, (error as Error).message]).sort()).toEqual([
      ['b', 'no route'],
      ['c', 'forged'],
    ]);
    expect(clock.nowMs()).toBe(0);
    expect(isAtRest()).toBe(true);
  });

  it('with nobody to ask is over at once', async () => {
    const { run, isAtRest } = question({}, { seats: [] });
    await run;
    expect(isAtRest()).toBe(true);
  });

  it('is given up when aborted, before or during', async () => {
    const { run, controller, accepted, isAtRest, signals } = question({ a: 10, b: undefined, c: undefined });
    controller.abort(new Error('client gone'));
    await expect(run).rejects.toThrow('client gone');
    expect(accepted).toEqual([]);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(isAtRest()).toBe(true);
    const aborted = AbortSignal.abort(new Error('too late'));
    await expect(question({ a: 1 }, { signal: aborted }).run).rejects.toThrow('too late');
  });

  it('does not return while an answer is half taken in', async () => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const accepted: string[] = [];
    const { run, clock } = question(
      { a: 999, b: undefined, c: undefined },
      {
        accept: async (_, answer) => {
          await opened;
          accepted.push(answer);
        },
      },
    );
    let isOver = false;
    const over = run.then(() => {
      isOver = true;
    });
    await clock.sleep(2_000);
    expect(isOver).toBe(false);
    open();
    await over;
    expect(accepted).toEqual(['a']);
  });

  it('asks a silent seat once more, and takes the first answer only', async () => {
    const asked: string[] = [];
    const clock = virtualClock(0);
    const { run, accepted } = question(
      {},
      {
        clock,
        deadlineMs: 5_000,
        ask: async (seat, signal) => {
          asked.push(seat);
          const isFirst = asked.filter((other) => other === seat).length === 1;
          // The first request to b is lost; that to c is answered late, after the second one.
          if (seat === 'b' && isFirst) return never;
          await clock.sleep(seat === 'c' && isFirst ? 900 : 100, signal);
          return `${seat}${isFirst ? 1 : 2}`;
        },
      },
    );
    await run;
    expect(asked).toEqual(['a', 'b', 'c', 'b', 'c']);
    expect(accepted).toEqual(['a1', 'b2', 'c2']);
    expect(clock.waiting()).toBe(0);
  });

  it('repeats what failed on the way a few times, and takes a refusal for an answer', async () => {
    const asked = { a: 0, b: 0, c: 0 };
    const { run, accepted, clock } = question(
      {},
      {
        deadlineMs: 60_000,
        ask: async (seat) => {
          asked[seat as 'a'] += 1;
          if (seat === 'a' && asked.a < 3)
            throw new MoeError('peer-unreachable', 'reset', { isRetryable: true });
          if (seat === 'b') throw new MoeError('peer-unreachable', 'gone', { isRetryable: true });
          if (seat === 'c') throw new MoeError('message-refused', 'no');
          return seat;
        },
      },
    );
    const failures = await run;
    expect(accepted).toEqual(['a']);
    expect(asked).toMatchObject({ a: 3, c: 1 });
    // Four attempts, and the one that a seat without an answer gets anyway.
    expect(asked.b).toBe(5);
    expect([...failures.keys()].sort()).toEqual(['b', 'c']);
    expect(clock.nowMs()).toBeLessThan(2_000);
  });
});
