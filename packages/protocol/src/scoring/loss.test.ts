import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toNumber } from './fraction.ts';
import { drawCalibration, type ScoredMember, scoreMembers } from './loss.ts';
import { quantise } from './vector.ts';

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
const memberOf = (isJudge: boolean, pieces: number) =>
  fc
    .record({
      kept: vector,
      pieces: fc.array(vector, { minLength: pieces, maxLength: pieces }),
      full: vector,
      calibration: fc.array(vector, { minLength: pool, maxLength: pool }),
    })
    .map(({ kept, pieces, full, calibration }) => member(kept, pieces, full, calibration, isJudge));
const shard = fc
  .tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 4 }))
  .chain(([judges, newcomers, pieces]) =>
    fc.tuple(
      ...Array.from({ length: judges }, () => memberOf(true, pieces)),
      ...Array.from({ length: newcomers }, () => memberOf(false, pieces)),
    ),
  );
const runs = { numRuns: 60 };

describe('differential loss', () => {
  it('is what a calculation by hand gives', () => {
    // Two members see alike. The piece lies at 10° from the kept half; distractors at 5°, 20°, 90° and 180°.
    const at = (degrees: number) =>
      unit(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
    const calibration = [at(5), at(20), at(90), at(180)];
    const alike = () => member(at(0), [at(10)], at(3), calibration);
    expect(scoreMembers([alike(), alike()], [0, 1, 2, 3], 4)).toEqual([
      { loss: { numerator: 1n, denominator: 4n }, isOutlier: false },
      { loss: { numerator: 1n, denominator: 4n }, isOutlier: false },
    ]);
    // With two distractors only the two nearest to the piece count: those at 5° and 20°.
    expect(scoreMembers([alike(), alike()], [0, 1, 2, 3], 2)[0]!.loss).toEqual({
      numerator: 1n,
      denominator: 2n,
    });
    // Whose full vector points away from the other's is an outlier, and so is the other.
    const apart = member(at(0), [at(10)], at(183), calibration);
    expect(scoreMembers([alike(), apart], [0, 1, 2, 3], 4).map(({ isOutlier }) => isOutlier)).toEqual([
      true,
      true,
    ]);
  });

  it('judges by the mean view of the others, distractors by the same judges', () => {
    // The judge of i sees the axes swapped, in pieces and calibration alike: i, who sees them straight, fits badly.
    const x = unit(1, 0);
    const y = unit(0, 1);
    const i = member(x, [x], x, [y, y]);
    const swapped = member(y, [y], y, [x, x]);
    expect(scoreMembers([i, swapped], [0, 1], 2).map(({ loss }) => toNumber(loss))).toEqual([1, 1]);
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
        const scores = scoreMembers([...members, nothing, same], all, distractors);
        expect(toNumber(scores.at(-2)!.loss)).toBe(1);
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
      const scores = scoreMembers(
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
      able += toNumber(scores[0]!.loss) / rounds;
      random += toNumber(scores[3]!.loss) / rounds;
      constant += toNumber(scores[4]!.loss) / rounds;
    }
    expect(able).toBeLessThan(0.02);
    expect(random).toBeGreaterThanOrEqual(0.45);
    expect(constant).toBeGreaterThanOrEqual(0.45);
  });

  it('nobody changes the target by which he is judged, whatever pieces he reveals', () => {
    // With every drawn piece a distractor, the choice of them is out of the question too.
    fc.assert(
      fc.property(shard, fc.array(vector, { minLength: 4, maxLength: 4 }), (members, lies) => {
        const [first, ...others] = members;
        const liar = { ...first!, pieces: first!.pieces.map((_, piece) => lies[piece]!) };
        const honest = scoreMembers(members, all, pool)[0]!;
        const lied = scoreMembers([liar, ...others], all, pool)[0]!;
        expect(lied).toEqual(honest);
      }),
      runs,
    );
  });

  it('his whole vector, revealed last, changes no loss at all', () => {
    fc.assert(
      fc.property(shard, vector, (members, full) => {
        const [first, ...others] = members;
        const losses = (list: readonly ScoredMember[]) =>
          scoreMembers(list, all, distractors).map(({ loss }) => loss);
        expect(losses([{ ...first!, full }, ...others])).toEqual(losses(members));
      }),
      runs,
    );
  });

  it('newcomers are scored and influence nobody', () => {
    fc.assert(
      fc.property(shard, memberOf(false, 4), (members, extra) => {
        const judges = members.filter(({ isJudge }) => isJudge);
        const newcomer = { ...extra, pieces: extra.pieces.slice(0, judges[0]!.pieces.length) };
        const alone = scoreMembers(judges, all, distractors);
        const together = scoreMembers([...judges, newcomer], all, distractors);
        expect(together.slice(0, -1)).toEqual(alone);
      }),
      runs,
    );
  });

  it('does not depend on the order of members nor of the drawn pieces', () => {
    fc.assert(
      fc.property(shard, fc.nat(), (members, turn) => {
        const scores = scoreMembers(members, all, distractors);
        const shift = turn % members.length;
        const rotated = [...members.slice(shift), ...members.slice(0, shift)];
        const rotatedScores = scoreMembers(rotated, [...all].reverse(), distractors);
        expect(rotatedScores).toEqual([...scores.slice(shift), ...scores.slice(0, shift)]);
      }),
      runs,
    );
  });

  it('is a fraction between 0 and 1 over distractors × pieces', () => {
    fc.assert(
      fc.property(shard, (members) => {
        for (const { loss } of scoreMembers(members, all, distractors)) {
          expect(loss.denominator).toBe(BigInt(distractors * members[0]!.pieces.length));
          expect(loss.numerator >= 0n && loss.numerator <= loss.denominator).toBe(true);
        }
      }),
      runs,
    );
  });

  it('needs two judges', () => {
    const lonely = member(unit(1, 0), [unit(1, 0)], unit(1, 0), [unit(0, 1)]);
    expect(() => scoreMembers([lonely, { ...lonely, isJudge: false }], [0], 1)).toThrow(RangeError);
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
