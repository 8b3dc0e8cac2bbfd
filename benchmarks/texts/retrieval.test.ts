import { describe, expect, it } from 'vitest';
import { reciprocalRanks } from './retrieval.ts';

const at = (degrees: number) =>
  Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));

describe('reciprocalRanks', () => {
  it('is one over the place of the right one', () => {
    const stored = [at(0), at(40), at(90)];
    // The first query lies nearest to its own, the second to the third, the third to both others.
    expect(reciprocalRanks([at(5), at(80), at(10)], stored)).toEqual([1, 1 / 2, 1 / 3]);
  });

  it('counts half of those that are as near: the same vector for everything is chance', () => {
    const same = [at(30), at(30), at(30)];
    expect(reciprocalRanks(same, same)).toEqual([1 / 2, 1 / 2, 1 / 2]);
  });
});
