import { encoderBackend } from '@market-of-experts/testing/encoders';
import { virtualClock } from '@market-of-experts/testing/virtual-clock';
import { expect, it } from 'vitest';
import { type Workload, workload } from '../../src/expert/workload.ts';
import { embeddingSkill } from '../../src/tasks/embedding/embedding-skill.ts';

const setUp = (textMs: number) => {
  const clock = virtualClock();
  const inner = encoderBackend('slow', 2, () => Float32Array.of(1, 0));
  let pauses = 0;
  const load = workload(
    embeddingSkill({
      ...inner,
      embed: async (texts, options) => {
        await clock.sleep(textMs * texts.length, options?.signal);
        return inner.embed(texts);
      },
    }),
    clock,
    () => {
      pauses += 1;
    },
  );
  return { clock, load, pauses: () => pauses };
};

const answer = ({ skill }: Workload, texts: string[]) => skill.answerAll(texts, new AbortController().signal);

it('expects what it has measured, behind what waits', async () => {
  const { load } = setUp(200);
  expect(load.expectedMs(5)).toBe(0);
  await answer(load, ['a', 'b']);
  expect(load.expectedMs(5)).toBe(1_000);
  const waiting = answer(load, ['c', 'd']);
  expect(load.expectedMs(5)).toBe(1_400);
  await waiting;
});

it('steps out after three troubles in a row, longer each time, and not for two', async () => {
  const { clock, load, pauses } = setUp(10);
  load.noteTrouble();
  load.noteTrouble();
  await answer(load, ['a']);
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
  await answer(load, ['a']);
  for (let trouble = 0; trouble < 12; trouble += 1) load.noteTrouble();
  expect(load.expectedMs(1)).toBeLessThan(100);
});
