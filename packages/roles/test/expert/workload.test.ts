import { encoderBackend } from '@market-of-experts/testing/encoders';
import { virtualClock } from '@market-of-experts/testing/virtual-clock';
import { expect, it } from 'vitest';
import { workload } from '../../src/expert/workload.ts';

const setUp = (textMs: number) => {
  const clock = virtualClock();
  const inner = encoderBackend('slow', 2, () => Float32Array.of(1, 0));
  let pauses = 0;
  const load = workload(
    {
      ...inner,
      embed: async (texts, options) => {
        await clock.sleep(textMs * texts.length, options?.signal);
        return inner.embed(texts);
      },
    },
    clock,
    () => {
      pauses += 1;
    },
  );
  return { clock, load, pauses: () => pauses };
};

it('expects what it has measured, behind what waits', async () => {
  const { load } = setUp(200);
  expect(load.expectedMs(5)).toBe(0);
  await load.backend.embed(['a', 'b']);
  expect(load.expectedMs(5)).toBe(1_000);
  const waiting = load.backend.embed(['c', 'd']);
  expect(load.expectedMs(5)).toBe(1_400);
  await waiting;
});

it('steps out after three troubles in a row, longer each time, and not for two', async () => {
  const { clock, load, pauses } = setUp(10);
  load.noteTrouble();
  load.noteTrouble();
  await load.backend.embed(['a']);
  load.noteTrouble();
  load.noteTrouble();
  expect(load.isPaused()).toBe(false);
  load.noteTrouble();
  expect(load.isPaused()).toBe(true);
  await clock.sleep(30_000);
  expect(load.isPaused()).toBe(false);
  for (let trouble = 0; trouble < 3; trouble += 1) load.noteTrouble();
  await clock.sleep(31_000);
  expect(load.isPaused()).toBe(true);
  await clock.sleep(30_000);
  expect(load.isPaused()).toBe(false);
  expect(pauses()).toBe(2);
});

it('forgets how slow it was while nothing waits, so that it does not decline for ever', async () => {
  const { load } = setUp(60_000);
  await load.backend.embed(['a']);
  for (let trouble = 0; trouble < 12; trouble += 1) load.noteTrouble();
  expect(load.expectedMs(1)).toBeLessThan(100);
});
