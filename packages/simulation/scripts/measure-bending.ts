/**
 * What members that meet in a shard gain when they turn their views of the hidden pieces towards one another's answers,
 * by the protocol's own scoring on vectors drawn at random: `node packages/simulation/scripts/measure-bending.ts`.
 * The figures are in docs/concepts/simulation.md; src/job/collusion.ts is fitted to them.
 */

import { defaultParameters, quantise, type ScoredMember, scoreMembers } from '@market-of-experts/protocol';
import { standardNormal } from '@market-of-experts/roles/calling/policy';
import { randomStream } from '../src/chance/random.ts';

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

/** What one rule finds: mean losses of the ring and of the others, and how often a ring's member was found out. */
interface Measured {
  ring: number;
  others: number;
  dissenting: number;
}

interface Rule {
  readonly name: string;
  readonly score: (members: readonly ScoredMember[]) => { loss: number; isDissenting: boolean }[];
}

const everyPiece = calibration.map((_, index) => index);

const rules: readonly Rule[] = [
  {
    name: 'mean of the others (the protocol)',
    score: (members) =>
      (scoreMembers(members, everyPiece, distractors) ?? []).map(({ losses: [loss], isDissenting }) => ({
        loss: Number(loss!.numerator) / Number(loss!.denominator),
        isDissenting,
      })),
  },
  {
    // Not a rule of the protocol: each other judge alone, by the same hard distractors, and the median of what they find.
    name: 'median over single judges',
    score: (members) => {
      const hard = Array.from({ length: pieces }, (_, piece) => nearestToAll(members, piece));
      return members.map((member) => ({
        isDissenting: false,
        loss: median(members.filter((judge) => judge !== member).map((judge) => lossBy(judge, member, hard))),
      }));
    },
  },
];

function nearestToAll(members: readonly ScoredMember[], piece: number): number[] {
  const nearness = everyPiece.map((entry) =>
    members.reduce((sum, { pieces: views, calibration: of }) => sum + product(of(entry), views[piece]!), 0),
  );
  return everyPiece.toSorted((a, b) => nearness[b]! - nearness[a]!).slice(0, distractors);
}

function lossBy(judge: ScoredMember, member: ScoredMember, hard: readonly (readonly number[])[]): number {
  let worse = 0;
  for (const [piece, entries] of hard.entries()) {
    const found = product(member.kept, judge.pieces[piece]!);
    for (const entry of entries) if (product(member.kept, judge.calibration(entry)) >= found) worse += 1;
  }
  return worse / (pieces * distractors);
}

function product(a: Int16Array, b: Int16Array): number {
  let sum = 0;
  for (let axis = 0; axis < a.length; axis += 1) sum += a[axis]! * b[axis]!;
  return sum;
}

/** The lower one of the two in the middle, when there are two: judges that are against somebody need a majority. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;
}

function makeShard(ring: number, bend: number): ScoredMember[] {
  const text = near(topic[Math.floor(random() * topics)]!, 0.8);
  const hidden = Array.from({ length: pieces }, () => near(text, 1.4));
  const kept = Array.from({ length: judges }, () => near(text, 1.6));
  return kept.map((own, index): ScoredMember => {
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
}

console.log(`${jobs} shards of ${judges} each; losses`);
for (const ring of [2, 3])
  for (const bend of [0, 0.2, 0.4, 0.7, 1, 2]) {
    const measured = rules.map((): Measured => ({ ring: 0, others: 0, dissenting: 0 }));
    for (let job = 0; job < jobs; job += 1) {
      const members = makeShard(ring, bend);
      for (const [which, rule] of rules.entries())
        for (const [index, { loss, isDissenting }] of rule.score(members).entries()) {
          const sums = measured[which]!;
          if (index < ring) {
            sums.ring += loss / ring / jobs;
            if (isDissenting) sums.dissenting += 1 / ring / jobs;
          } else sums.others += loss / (judges - ring) / jobs;
        }
    }
    for (const [which, { name }] of rules.entries()) {
      const { ring: inRing, others, dissenting } = measured[which]!;
      const cells = [inRing, others, dissenting].map((value) => value.toFixed(3));
      console.log(
        `ring ${ring}  bend ${bend.toFixed(1)}  ring ${cells[0]}  others ${cells[1]}  dissenting ${cells[2]}  ${name}`,
      );
    }
  }
