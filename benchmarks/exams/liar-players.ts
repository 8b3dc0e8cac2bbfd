import { type DatumProducts, productsOf, quantise } from '@market-of-experts/protocol';
import type { ExamBatch, ExamDatum } from './exam-batches.ts';
import type { ExamEncoder } from './exam-encoders.ts';
import { cosine, jointMatching, type Matrix, similarities } from './matching.ts';
import { type Player, remembered } from './players.ts';

/** What a liar says of a batch: a vector for each entry of the second list, by its place. */
export type Answers = ReadonlyMap<number, Int16Array>;

/** A player whose second list is made up; its first one is what its own model says. */
export function liar(
  name: string,
  own: ExamEncoder,
  batches: readonly ExamBatch[],
  answer: (batch: ExamBatch) => Answers,
): Player {
  const batchOf = new Map(batches.flatMap((batch) => batch.data.map(({ index }) => [index, batch] as const)));
  const answers = new Map<ExamBatch, Answers>();
  const said = (batch: ExamBatch): Answers => {
    const before = answers.get(batch) ?? answer(batch);
    answers.set(batch, before);
    return before;
  };
  return {
    name,
    owner: name,
    products: remembered((datum: ExamDatum) => {
      const pieces = said(batchOf.get(datum.index)!);
      return productsOf(
        own.vectors[datum.kept]!,
        datum.own.map((place) => pieces.get(place)!),
        datum.others.map((place) => pieces.get(place)!),
      );
    }),
  };
}

/** A liar that is free to say anything: its products are the chances that a joint matching gives. */
export function freeLiar(
  name: string,
  batches: readonly ExamBatch[],
  chancesOf: (batch: ExamBatch) => Matrix,
): Player {
  const products = new Map<number, DatumProducts>();
  for (const batch of batches) {
    const chances = chancesOf(batch);
    const columns = new Map(batch.second.map((place, column) => [place, column]));
    for (const { index, kept, own, others } of batch.data) {
      const row = batch.first.indexOf(kept);
      const of = (place: number): number => Math.round(2 ** 29 * chances[row]![columns.get(place)!]!);
      products.set(index, { own: own.map(of), others: others.map(of) });
    }
  }
  return { name, owner: name, products: (datum) => products.get(datum.index) };
}

/** Pieces pulled towards the kept parts that a matching gives them, `pull` times a unit vector. */
export function pulledToKept(own: ExamEncoder, batch: ExamBatch, chances: Matrix, pull: number): Answers {
  const kept = batch.first.map((place) => own.vectors[place]!);
  const middle = meanOf(
    kept,
    kept.map(() => 1 / kept.length),
  );
  return new Map(
    batch.second.map((place, column) => {
      const weights = chances.map((row) => row[column]!);
      const mass = weights.reduce((a, b) => a + b, 0);
      const towards = meanOf(kept, weights).map((value, axis) => value - mass * middle[axis]!);
      return [place, pulled(own.vectors[place]!, towards, pull * mass)];
    }),
  );
}

/** Pieces pulled towards those that they resemble most: what can be done without a memory of the first list. */
export function pulledTogether(
  own: ExamEncoder,
  matcher: ExamEncoder,
  batch: ExamBatch,
  temperature: number,
  pull: number,
): Answers {
  const entries = batch.second;
  const vectors = entries.map((place) => own.vectors[place]!);
  const middle = meanOf(
    vectors,
    vectors.map(() => 1 / vectors.length),
  );
  return new Map(
    entries.map((place, row) => {
      const likeness = entries.map((other, column) =>
        column === row
          ? 0
          : Math.exp((cosine(matcher.vectors[place]!, matcher.vectors[other]!) - 1) / temperature),
      );
      const sum = likeness.reduce((a, b) => a + b, 0) || 1;
      const towards = meanOf(
        vectors,
        likeness.map((value) => value / sum),
      ).map((value, axis) => value - middle[axis]!);
      return [place, pulled(vectors[row]!, towards, pull)];
    }),
  );
}

function meanOf(vectors: readonly Int16Array[], weights: readonly number[]): Float64Array {
  const sum = new Float64Array(vectors[0]!.length);
  for (const [index, vector] of vectors.entries())
    for (let axis = 0; axis < sum.length; axis += 1) sum[axis]! += weights[index]! * vector[axis]!;
  return sum;
}

function pulled(vector: Int16Array, towards: Float64Array, pull: number): Int16Array {
  const length = Math.sqrt(towards.reduce((sum, value) => sum + value * value, 0)) || 1;
  const moved = Float64Array.from(vector, (value, axis) => value / 32_767 + (pull * towards[axis]!) / length);
  const norm = Math.sqrt(moved.reduce((sum, value) => sum + value * value, 0)) || 1;
  return quantise(Float32Array.from(moved, (value) => value / norm));
}

export const matchingTemperature = 0.06;

/** The liars of the benchmark of pay: the best model's owner, who runs the public ones beside it to match with. */
export function payLiar(
  name: string,
  own: ExamEncoder,
  matcher: ExamEncoder,
  batches: readonly ExamBatch[],
  hasMemory: boolean,
): Player {
  return hasMemory
    ? freeLiar(name, batches, (batch) => jointMatching(similarities(matcher, batch), matchingTemperature))
    : liar(name, own, batches, (batch) => pulledTogether(own, matcher, batch, matchingTemperature, 0.35));
}
