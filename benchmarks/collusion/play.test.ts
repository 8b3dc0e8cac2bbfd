import { describe, expect, it } from 'vitest';
import { type Game, play } from './play.ts';
import { methods } from './rank.ts';
import { copying, strategies } from './strategies.ts';
import { plainWorld } from './world.ts';

const game = (changes: Partial<Game>, name = 'honest'): Game => ({
  method: 'yuma',
  cabalStake: 0.3,
  seed: 7,
  world: { ...plainWorld, ...strategies.find((strategy) => strategy.name === name)!.world },
  weigh: strategies.find((strategy) => strategy.name === name)!.weigh,
  warmUpEpochs: 4,
  attackEpochs: 12,
  ...changes,
});

describe('play', () => {
  it('has the same outcome for the same game', () => {
    const nudging = game({}, 'nudging');
    expect(play(nudging)).toEqual(play(nudging));
    expect(play({ ...nudging, seed: 8 })).not.toEqual(play(nudging));
  });

  it('pays honest validators of both sides alike for their stake, by every method', () => {
    for (const method of methods) {
      const { cabalDividends, honestDividends } = play(game({ method }));
      expect(cabalDividends).toBeCloseTo(1, 2);
      expect(honestDividends).toBeCloseTo(1, 2);
    }
  });

  it('pays a minority for self-dealing what the formula says where nobody errs', () => {
    const world = { ...plainWorld, drift: 0, noise: 0 };
    const fair = play(game({ world })).expertsShare;
    const { cabalShare, expertsShare } = play({ ...game({}, 'self-dealing'), world });
    // Clipped at the consensus, its own experts keep their rank; the others lose the part of its stake.
    expect(expertsShare).toBeCloseTo(fair / (fair + (1 - fair) * 0.7), 2);
    expect(cabalShare).toBeLessThan(0.3);
  });

  it('gives a cabal with worthless experts next to nothing of the incentive, and all to a majority', () => {
    expect(play(game({}, 'self-dealing, junk')).expertsShare).toBeLessThan(0.02);
    expect(play(game({ cabalStake: 0.6 }, 'self-dealing, junk')).expertsShare).toBeGreaterThan(0.98);
  });

  it('masks what a slot inherits from its former holder', () => {
    const fair = play(game({ world: { ...plainWorld, slotsTaken: 5 } }));
    expect(play(game({}, 'slot takeover')).expertsShare).toBeCloseTo(fair.expertsShare, 3);
    expect(play(game({}, 'slot takeover, unmasked')).expertsShare).toBeGreaterThan(fair.expertsShare + 0.02);
  });

  it('counts no stake that was not there when the epoch began', () => {
    const { cabalDividends } = play(game({ warmUpEpochs: 0 }, 'stake in and out'));
    expect(cabalDividends).toBe(0);
    expect(play(game({}, 'stake in and out, stake now')).cabalDividends).toBeCloseTo(1, 2);
  });

  it('pays a copier less than the honest where work changes faster than they err, more where it does not', () => {
    const ratio = (drift: number, noise: number): number => {
      const { cabalDividends, honestDividends } = play(
        game({ cabalStake: 0.1, weigh: copying, world: { ...plainWorld, drift, noise } }),
      );
      return cabalDividends / honestDividends;
    };
    expect(ratio(0.4, 0.05)).toBeLessThan(1);
    expect(ratio(0, 0.2)).toBeGreaterThan(1);
  });
});
