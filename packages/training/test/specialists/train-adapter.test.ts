import { describe, expect, it } from 'vitest';
import { heldOutLoss } from '../../src/specialists/held-out-loss.ts';
import { randomSource } from '../../src/specialists/random-source.ts';
import { trainAdapter } from '../../src/specialists/train-adapter.ts';

const dimensions = 12;
const piecesPerText = 4;

/**
 * A space in which the first axes tell texts apart and the last ones, much larger, only add noise: what an adapter
 * must learn is to look away from the noise.
 */
function noisyTexts(count: number, seed: number) {
  const random = randomSource(seed);
  const draw = (): number => random.below(2001) / 1000 - 1;
  const vector = (meaning: readonly number[]): number[] => {
    const values = [
      ...meaning.map((value) => value + 0.2 * draw()),
      ...Array.from({ length: 6 }, () => 2 * draw()),
    ];
    const length = Math.hypot(...values);
    return values.map((value) => value / length);
  };
  const meanings = Array.from({ length: count }, () => Array.from({ length: 6 }, draw));
  return {
    dimensions,
    piecesPerText,
    kept: Float32Array.from(meanings.flatMap(vector)),
    pieces: Float32Array.from(
      meanings.flatMap((meaning) => Array.from({ length: piecesPerText }, () => vector(meaning)).flat()),
    ),
  };
}

/** Few axes need larger steps than the 384 of a real model. */
function train(steps: number, seed: number) {
  const training = trainAdapter({ ...noisyTexts(200, 1), steps, seed }, { learningRate: 0.02 });
  const losses: number[] = [];
  for (;;) {
    const next = training.next();
    if (next.done) return { losses, matrix: next.value };
    losses.push(next.value);
  }
}

describe('trainAdapter', () => {
  it('starts from the identity', () => {
    expect(train(0, 1).matrix.every((value) => value === 0)).toBe(true);
  });

  it('lowers the loss on texts that it has not seen', () => {
    const unseen = noisyTexts(60, 2);
    const { matrix, losses } = train(300, 1);
    expect(heldOutLoss(unseen, matrix)).toBeLessThan(heldOutLoss(unseen) * 0.8);
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
  });

  it('is the same to the bit for the same seed only', () => {
    expect(train(15, 3).matrix).toEqual(train(15, 3).matrix);
    expect(train(15, 4).matrix).not.toEqual(train(15, 3).matrix);
  });

  it('works with fewer texts than a batch', () => {
    const training = trainAdapter({ ...noisyTexts(5, 1), steps: 3, seed: 1 });
    const losses = [training.next(), training.next(), training.next()].map(({ value }) => value);
    expect(losses.every((loss) => Number.isFinite(loss))).toBe(true);
  });
});
