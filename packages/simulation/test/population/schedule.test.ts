import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Schedule } from '../../src/population/schedule.ts';

describe('a schedule', () => {
  it('uses the time before work that comes later, and waits where there is too little', () => {
    const schedule = new Schedule(1);
    expect(schedule.take(100, 50)).toBe(150);
    expect(schedule.waitMs(0, 100)).toBe(0);
    expect(schedule.waitMs(20, 100)).toBe(130);
    expect(schedule.take(20, 60)).toBe(80);
    expect(schedule.take(20, 60)).toBe(210);
    expect(schedule.take(20, 20)).toBe(100);
  });

  it('takes as many texts at once as it has lines', () => {
    const schedule = new Schedule(2);
    expect([schedule.take(0, 10), schedule.take(0, 10), schedule.take(0, 10)]).toEqual([10, 10, 20]);
  });

  it('never has more under way than lines, and forgets only what is over', () => {
    const work = fc.array(
      fc.record({ step: fc.nat(20), later: fc.nat(60), length: fc.integer({ min: 1, max: 30 }) }),
      {
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(work, fc.integer({ min: 1, max: 3 }), (list, lines) => {
        const schedule = new Schedule(lines);
        const taken: [number, number][] = [];
        let nowMs = 0;
        for (const { step, later, length } of list) {
          nowMs += step;
          schedule.forget(nowMs);
          const atMs = nowMs + later;
          const waitMs = schedule.waitMs(atMs, length);
          const doneMs = schedule.take(atMs, length);
          expect(doneMs).toBe(atMs + waitMs + length);
          taken.push([doneMs - length, doneMs]);
        }
        for (const [from] of taken)
          expect(taken.filter(([start, end]) => start <= from && from < end).length).toBeLessThanOrEqual(
            lines,
          );
      }),
    );
  });
});
