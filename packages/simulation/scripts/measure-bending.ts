/**
 * What members that meet in a shard gain when they turn their views of the hidden pieces towards one another's answers,
 * by the protocol's own scoring on vectors drawn at random: `node packages/simulation/scripts/measure-bending.ts`.
 * The figures are in docs/concepts/simulation.md; src/job/collusion.ts is fitted to them.
 */

import { standardNormal } from '@moe/node/policy';
import { defaultParameters, quantise, type ScoredMember, scoreMembers } from '@moe/protocol';
import { randomStream } from '../src/random.ts';

const dimensions = 64;
const judges = 5;
const jobs = Number(process.argv[2] ?? 300);
const { pieces, distractors, distractorPool } = defaultParameters;
const random = randomStream(1, 'bending');
const topics = 40;

type Vector = Float32Array;
const gaussian = (): Vector => Float32Array.from({ length: dimensions }, () => standardNormal(random));
const unit = (vector: Vector): Vector => {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
};
const mixed = (...parts: readonly (readonly [Vector, number])[]): Vector =>
  unit(
    Float32Array.from({ length: dimensions }, (_, axis) =>
      parts.reduce((sum, [vector, weight]) => sum + weight * vector[axis]!, 0),
    ),
  );

const topic = Array.from({ length: topics }, () => unit(gaussian()));
const near = (centre: Vector, spread: number): Vector => mixed([centre, 1], [unit(gaussian()), spread]);
const calibration = Array.from({ length: distractorPool }, () => {
  const meaning = near(topic[Math.floor(random() * topics)]!, 1.2);
  return Array.from({ length: judges }, () => quantise(near(meaning, 0.6)));
});

/** Mean losses of the ring and of the others, and how often members of the ring are found out. */
function measure(
  ring: number,
  bend: number,
): { ring: number; others: number; dissenting: number; void: number } {
  const sums = { ring: 0, others: 0, dissenting: 0, void: 0 };
  let scored = 0;
  for (let job = 0; job < jobs; job += 1) {
    const text = near(topic[Math.floor(random() * topics)]!, 0.8);
    const hidden = Array.from({ length: pieces }, () => near(text, 1.4));
    const kept = Array.from({ length: judges }, () => near(text, 1.6));
    const members = kept.map((own, index): ScoredMember => {
      const fellows = kept.filter((_, other) => other < ring && other !== index);
      const view = (piece: Vector): Vector => {
        const honest = near(piece, 0.6);
        if (index >= ring || fellows.length === 0) return honest;
        // What a fellow's answer has beyond one's own: it helps the fellow, and nobody who answers like the others.
        return mixed([honest, 1], ...fellows.map((fellow) => [fellow, bend / fellows.length] as const), [
          own,
          -bend,
        ]);
      };
      return {
        kept: quantise(own),
        pieces: hidden.map((piece) => quantise(view(piece))),
        full: quantise(near(text, 0.5)),
        calibration: (entry) => calibration[entry]![index]!,
        isJudge: true,
      };
    });
    const scores = scoreMembers(
      members,
      calibration.map((_, index) => index),
      distractors,
    );
    if (scores === undefined) {
      sums.void += 1;
      continue;
    }
    scored += 1;
    for (const [index, { loss, isDissenting }] of scores.entries()) {
      const value = Number(loss.numerator) / Number(loss.denominator);
      if (index < ring) {
        sums.ring += value / ring;
        if (isDissenting) sums.dissenting += 1 / ring;
      } else sums.others += value / (judges - ring);
    }
  }
  return {
    ring: sums.ring / scored,
    others: sums.others / scored,
    dissenting: sums.dissenting / scored,
    void: sums.void / jobs,
  };
}

console.log('ring  bend   loss of ring  of others  dissenting  void');
for (const ring of [2, 3])
  for (const bend of [0, 0.2, 0.4, 0.7, 1, 2]) {
    const result = measure(ring, bend);
    const cells = [result.ring, result.others, result.dissenting, result.void].map((value) =>
      value.toFixed(3),
    );
    console.log(`${ring}     ${bend.toFixed(2)}   ${cells.join('        ')}`);
  }
