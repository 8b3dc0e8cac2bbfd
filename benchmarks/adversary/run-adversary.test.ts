import { expect, it } from 'vitest';
import { runAdversary } from './run-adversary.ts';

it('a short game: nobody honest is slashed, no credit is lost or made, and the market still settles', async () => {
  const { problems, ...result } = await runAdversary({ steps: 600, seed: 5 });
  expect(problems).toEqual([]);
  expect(result).toMatchObject({ honestSlashed: 0, lostMicro: 0, inventedMicro: 0, settledAfter: true });
  // The honest were served, and the adversary's own jobs were settled too: it was no game against a wall.
  expect(result.jobsDone).toBeGreaterThan(5);
  expect(result.settlements).toBeGreaterThan(3);
});
