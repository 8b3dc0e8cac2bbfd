import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toNumber } from '../../../src/scoring/fraction.ts';
import { drawCalibration, type ScoredMember, scoreMembers } from '../../../src/tasks/embedding/loss.ts';
import { quantise } from '../../../src/tasks/embedding/vector.ts';
import type { SeatScore } from '../../../src/tasks/task.ts';

const unit = (...values: number[]): Int16Array => {
  const length = Math.hypot(...values) || 1;
  return quantise(Float32Array.from(values, (value) => value / length));
};
const member = (
  kept: Int16Array,
  pieces: readonly Int16Array[],
  full: Int16Array,
  calibration: readonly Int16Array[],
  isJudge = true,
): ScoredMember => ({ kept, pieces, full, calibration: (index) => calibration[index]!, isJudge });

const dimension = 8;
const pool = 24;
const distractors = 6;
const all = Array.from({ length: pool }, (_, index) => index);
const vector = fc
  .array(fc.integer({ min: -100, max: 100 }), { minLength: dimension, maxLength: dimension })
  .map((values) => unit(...values));
/** A little of `own` in `shared`: members see much alike, each in his own way. */
const seenBy = (shared: Int16Array, own: Int16Array): Int16Array =>
  unit(...Array.from(shared, (value, axis) => value + 0.3 * own[axis]!));
const several = (count: number) => fc.array(vector, { minLength: count, maxLength: count });
const memberOf = (isJudge: boolean, truth: readonly Int16Array[], pieces: number) =>
  fc.tuple(several(pieces + 2), several(pool)).map(([own, ownPool]) => {
    const seen = own.map((noise, index) => seenBy(truth[index]!, noise));
    return member(
      seen[0]!,
      seen.slice(2),
      seen[1]!,
      ownPool.map((noise, index) => seenBy(truth[index + 6]!, noise)),
      isJudge,
    );
  });
const shardOf = (leastJudges: number) =>
  fc
    .tuple(
      fc.integer({ min: leastJudges, max: 5 }),
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 1, max: 4 }),
      several(6 + pool),
    )
    .chain(([judges, newcomers, pieces, truth]) =>
      fc.tuple(
        ...Array.from({ length: judges }, () => memberOf(true, truth, pieces)),
        ...Array.from({ length: newcomers }, () => memberOf(false, truth, pieces)),
      ),
    );
const shard = shardOf(2);
/** The scores of members who agree well enough to judge one another. */
const scoresOf = (...parameters: Parameters<typeof scoreMembers>): SeatScore[] => {
  const scores = scoreMembers(...parameters);
  if (scores === undefined) throw new Error('The judges do not agree.');
  return scores;
};
const runs = { numRuns: 60 };

describe('differential loss', () => {
  it('is what a calculation by hand gives', () => {
    // Two members see alike. The piece lies at 10° from the kept half; distractors at 5°, 20°, 90° and 180°.
    const at = (degrees: number) =>
      unit(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
    const calibration = [at(5), at(20), at(90), at(180)];
    const alike = () => member(at(0), [at(10)], at(3), calibration);
    expect(scoresOf([alike(), alike()], [0, 1, 2, 3], 4)).toEqual([
      { losses: [{ numerator: 1n, denominator: 4n }], isOutlier: false, isDissenting: false },
      { losses: [{ numerator: 1n, denominator: 4n }], isOutlier: false, isDissenting: false },
    ]);
    // With two distractors only the two nearest to the piece count: those at 5° and 20°.
    expect(scoresOf([alike(), alike()], [0, 1, 2, 3], 2)[0]!.losses[0]!).toEqual({
      numerator: 1n,
      denominator: 2n,
    });
    // Whose full vector points away from the other's is an outlier, and so is the other.
    const apart = member(at(0), [at(10)], at(183), calibration);
    expect(scoresOf([alike(), apart], [0, 1, 2, 3], 4).map(({ isOutlier }) => isOutlier)).toEqual([
      true,
      true,
    ]);
  });

  it('judges by the mean view of the others, distractors by the same judges', () => {
    // The judges of i see the axes swapped, in pieces and calibration alike: i, who sees them straight, fits badly.
    const x = unit(1, 0);
    const y = unit(0, 1);
    const i = member(x, [x], x, [y, y]);
    const swapped = () => member(y, [y], y, [x, x]);
    expect(toNumber(scoresOf([i, swapped(), swapped()], [0, 1], 2)[0]!.losses[0]!)).toBe(1);
    // One against one: nobody can say who is right.
    expect(scoreMembers([i, swapped()], [0, 1], 2)).toBeUndefined();
  });

  it('a judge who turns his view of the pieces judges nobody', () => {
    fc.assert(
      fc.property(shardOf(3), (members) => {
        const [first, ...others] = members;
        const turned = { ...first!, pieces: first!.pieces.map((piece) => piece.map((value) => -value)) };
        const scores = scoresOf([turned, ...others], all, distractors);
        expect(scores[0]!.isDissenting).toBe(true);
        expect(scores.slice(1)).toEqual(
          scoresOf([{ ...turned, isJudge: false }, ...others], all, distractors).slice(1),
        );
      }),
      runs,
    );
  });

  it('a zero vector loses everything, a constant one at least half on average', () => {
    fc.assert(
      fc.property(shard, vector, (members, constant) => {
        const zero = new Int16Array(dimension);
        const { pieces } = members[0]!;
        const nothing = member(
          zero,
          pieces.map(() => zero),
          zero,
          all.map(() => zero),
          false,
        );
        const same = member(
          constant,
          pieces.map(() => constant),
          constant,
          all.map(() => constant),
          false,
        );
        const scores = scoresOf([...members, nothing, same], all, distractors);
        expect(toNumber(scores.at(-2)!.losses[0]!)).toBe(1);
        expect(scores.at(-2)!.isOutlier).toBe(true);
      }),
      runs,
    );
  });

  it('random and constant answers score chance or worse among members who agree', () => {
    let random = 0;
    let constant = 0;
    let able = 0;
    const rounds = 150;
    const noise = fc.sample(fc.array(vector, { minLength: 3 + pool, maxLength: 3 + pool }), {
      numRuns: rounds,
      seed: 7,
    });
    for (const round of noise) {
      const truth = round.slice(3);
      const honest = () => member(round[0]!, [round[0]!], round[0]!, truth);
      const scores = scoresOf(
        [
          honest(),
          honest(),
          honest(),
          member(round[1]!, [round[1]!], round[1]!, truth, false),
          member(
            round[2]!,
            [round[2]!],
            round[2]!,
            truth.map(() => round[2]!),
            false,
          ),
        ],
        all,
        distractors,
      );
      able += toNumber(scores[0]!.losses[0]!) / rounds;
      random += toNumber(scores[3]!.losses[0]!) / rounds;
      constant += toNumber(scores[4]!.losses[0]!) / rounds;
    }
    expect(able).toBeLessThan(0.02);
    expect(random).toBeGreaterThanOrEqual(0.45);
    expect(constant).toBeGreaterThanOrEqual(0.45);
  });

  it('nobody changes the target by which he is judged, whatever pieces he reveals', () => {
    // With every drawn piece a distractor, the choice of them is out of the question too.
    fc.assert(
      fc.property(shardOf(3), several(4), (members, lies) => {
        const [first, ...others] = members;
        const liar = { ...first!, pieces: first!.pieces.map((_, piece) => lies[piece]!) };
        const honest = scoresOf(members, all, pool)[0]!;
        const lied = scoresOf([liar, ...others], all, pool)[0]!;
        expect(lied.losses[0]!).toEqual(honest.losses[0]!);
        expect(lied.isOutlier).toBe(honest.isOutlier);
      }),
      runs,
    );
  });

  it('his whole vector, revealed last, changes no loss at all', () => {
    fc.assert(
      fc.property(shard, vector, (members, full) => {
        const [first, ...others] = members;
        const losses = (list: readonly ScoredMember[]) =>
          scoresOf(list, all, distractors).map(({ losses: [loss] }) => loss);
        expect(losses([{ ...first!, full }, ...others])).toEqual(losses(members));
      }),
      runs,
    );
  });

  it('newcomers are scored and influence nobody', () => {
    fc.assert(
      fc.property(shard, several(6 + pool), (members, extra) => {
        const judges = members.filter(({ isJudge }) => isJudge);
        const newcomer = member(
          extra[0]!,
          judges[0]!.pieces.map((_, piece) => extra[2 + piece]!),
          extra[1]!,
          extra.slice(6),
          false,
        );
        const alone = scoresOf(judges, all, distractors);
        const together = scoresOf([...judges, newcomer], all, distractors);
        expect(together.slice(0, -1)).toEqual(alone);
      }),
      runs,
    );
  });

  it('does not depend on the order of members nor of the drawn pieces', () => {
    fc.assert(
      fc.property(shard, fc.nat(), (members, turn) => {
        const scores = scoresOf(members, all, distractors);
        const shift = turn % members.length;
        const rotated = [...members.slice(shift), ...members.slice(0, shift)];
        const rotatedScores = scoresOf(rotated, [...all].reverse(), distractors);
        expect(rotatedScores).toEqual([...scores.slice(shift), ...scores.slice(0, shift)]);
      }),
      runs,
    );
  });

  it('is a fraction between 0 and 1 over distractors × pieces', () => {
    fc.assert(
      fc.property(shard, (members) => {
        for (const {
          losses: [loss],
        } of scoresOf(members, all, distractors)) {
          expect(loss!.denominator).toBe(BigInt(distractors * members[0]!.pieces.length));
          expect(loss!.numerator >= 0n && loss!.numerator <= loss!.denominator).toBe(true);
        }
      }),
      runs,
    );
  });

  it('needs two judges', () => {
    const lonely = member(unit(1, 0), [unit(1, 0)], unit(1, 0), [unit(0, 1)]);
    expect(scoreMembers([lonely, { ...lonely, isJudge: false }], [0], 1)).toBeUndefined();
  });
});

describe('drawing distractors', () => {
  it('takes a pool of the first `available`, without those excluded, the same for everyone', () => {
    const drawn = drawCalibration('seed', 100, 40, (index) => index % 2 === 0);
    expect(drawn).toEqual(drawCalibration('seed', 100, 40, (index) => index % 2 === 0));
    expect(drawn.every((index) => index < 100 && index % 2 === 1)).toBe(true);
    expect(drawCalibration('other', 100, 40)).not.toEqual(drawCalibration('seed', 100, 40));
    expect(new Set(drawCalibration('seed', 10, 40)).size).toBe(10);
  });
});
