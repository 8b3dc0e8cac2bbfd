import { type Hash, hashOf } from '@market-of-experts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SigningGuard } from '../guard/signing-guard.ts';

export interface GuardPlace {
  open(nowMs: () => number): Promise<SigningGuard>;
  dispose(): Promise<void>;
}

const said = (what: unknown): Hash => hashOf('test/said', what);

/** What every adapter of the {@link SigningGuard} port must do. `create` makes a new, empty place. */
export function guardComplianceTests(name: string, create: () => Promise<GuardPlace>): void {
  describe(`${name} is a signing guard`, () => {
    let place: GuardPlace;
    let guard: SigningGuard;
    let nowMs = 1_000;
    beforeEach(async () => {
      nowMs = 1_000;
      place = await create();
      guard = await place.open(() => nowMs);
    });
    afterEach(async () => {
      await guard.close();
      await place.dispose();
    });
    const reopen = async () => {
      await guard.close();
      guard = await place.open(() => nowMs);
    };
    const once = (slot: string, what: unknown, untilMs = 2_000) =>
      guard.enter({ slot, said: said(what), untilMs });
    const numbered = (number: number, what: unknown, slot = 'a') =>
      guard.enter({ sequence: 'settlements', number, slot, said: said(what) });

    test('lets the same be said again, and nothing else, at once and after it is opened again', async () => {
      const first = once('job', 1);
      expect(() => once('job', 2)).toThrow(expect.objectContaining({ code: 'signed-already' }));
      await Promise.all([first, once('job', 1)]);
      await reopen();
      await once('job', 1);
      expect(() => once('job', 2)).toThrow(expect.objectContaining({ code: 'signed-already' }));
      await once('another job', 2);
    });

    test('enters several together, or none of them', async () => {
      const together = (what: unknown, ...slots: readonly string[]) =>
        guard.enterAll(slots.map((slot) => ({ slot, said: said(what), untilMs: 2_000 })));
      await once('taken', 1);
      await expect(together(2, 'free', 'taken', 'free too')).rejects.toMatchObject({
        code: 'signed-already',
      });
      await Promise.all([together(3, 'free', 'free too'), together(3, 'free too', 'free')]);
      await reopen();
      await together(3, 'free', 'free too');
      expect(() => once('free too', 4)).toThrow(expect.objectContaining({ code: 'signed-already' }));
      await guard.close();
      await expect(together(5, 'late')).rejects.toMatchObject({ code: 'guard-closed' });
    });

    test('lets a sequence go forward only, each number said once by a slot', async () => {
      await numbered(7, 'seven');
      await numbered(7, 'seven');
      await numbered(7, 'theirs', 'b');
      expect(() => numbered(7, 'other')).toThrow(expect.objectContaining({ code: 'signed-already' }));
      expect(() => numbered(6, 'six')).toThrow(expect.objectContaining({ code: 'signed-past' }));
      await numbered(9, 'nine');
      await reopen();
      expect(() => numbered(8, 'eight')).toThrow(expect.objectContaining({ code: 'signed-past' }));
      expect(() => numbered(7, 'seven')).toThrow(expect.objectContaining({ code: 'signed-past' }));
      expect(() => numbered(9, 'other')).toThrow(expect.objectContaining({ code: 'signed-already' }));
      await numbered(9, 'nine');
      await numbered(10, 'ten');
    });

    test('decides in the order of the calls, however many come at once', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 200 }, async (_, index) => once(`job-${index % 20}`, index % 40)),
      );
      expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(
        Array.from({ length: 200 }, (_, index) => index % 40 < 20),
      );
    });

    test('forgets by time alone, and signs nothing anew of what it may have forgotten', async () => {
      await once('old', 1, 2_000);
      for (let index = 0; index < 500; index += 1) await once(`new-${index}`, index, 5_000);
      expect(() => once('old', 2, 2_000)).toThrow(expect.objectContaining({ code: 'signed-already' }));
      nowMs = 3_000;
      await once('another', 1, 5_000);
      await reopen();
      // The clock is set back: what was forgotten stays unsayable, what was not forgotten stays known.
      nowMs = 1_000;
      for (const what of [1, 2])
        expect(() => once('old', what, 2_000)).toThrow(expect.objectContaining({ code: 'signed-past' }));
      expect(() => once('never heard of', 1, 2_000)).toThrow(
        expect.objectContaining({ code: 'signed-past' }),
      );
      expect(() => once('new-3', 'other', 5_000)).toThrow(
        expect.objectContaining({ code: 'signed-already' }),
      );
      await once('later', 1, 2_001);
    });

    test('a clock that runs years ahead for a while stops nothing after it is put right', async () => {
      await once('before', 1, 2_000);
      nowMs = 1e12;
      await once('ahead', 1, 1e12 + 1_000);
      await reopen();
      nowMs = 2_500;
      await once('after', 1, 3_500);
    });

    test('gives what it knows to another, which knows both from then on', async () => {
      await once('job', 1);
      await numbered(7, 'seven');
      const moved = JSON.parse(JSON.stringify(guard.exported()));
      const other = await create();
      const successor = await other.open(() => nowMs);
      try {
        await successor.enter({ sequence: 'settlements', number: 7, slot: 'b', said: said('theirs') });
        await successor.take(moved);
        const same = { sequence: 'settlements', number: 7 };
        await successor.enter({ ...same, slot: 'b', said: said('theirs') });
        for (const saying of [
          { ...same, slot: 'a', said: said('other') },
          { ...same, number: 6, slot: 'c', said: said('six') },
          { slot: 'job', said: said(2), untilMs: 2_000 },
        ])
          expect(() => successor.enter(saying)).toThrow();
      } finally {
        await successor.close();
        await other.dispose();
      }
    });

    test('is bounded: no names without end, no number said without end', async () => {
      expect(() => once('x'.repeat(600), 1)).toThrow(expect.objectContaining({ code: 'guard-full' }));
      await Promise.all(Array.from({ length: 4_096 }, (_, index) => numbered(1, index, `gateway-${index}`)));
      expect(() => numbered(1, 'x', 'one more')).toThrow(expect.objectContaining({ code: 'guard-full' }));
      await numbered(2, 'x', 'one more');
    });

    test('refuses to work when closed', async () => {
      await guard.close();
      await expect(once('job', 1)).rejects.toMatchObject({ code: 'guard-closed' });
    });
  });
}
