import type { ShallowFeatures } from './shallow-features.ts';

/** A text of an exam as the predictor sees it: its kept part, its pieces, and which other pieces it is told apart from. */
export interface ShallowCase {
  readonly kept: string;
  readonly own: readonly string[];
  readonly others: readonly string[];
  /** Trained on the even documents and asked about the odd, and the other way round. */
  readonly document: number;
}

const steps = 200;
const rate = 0.5;
const ridge = 1e-3;
const mostOthers = 8;
const mostStandard = 5;

/**
 * Loss of each case by a logistic regression over pairs of features, which knows no word: how alike kept part and piece
 * are in each, and how they go together. Ties count by half, ½ is chance.
 */
export function shallowLosses(cases: readonly ShallowCase[], features: ShallowFeatures): number[] {
  const standard = standardiser(
    features,
    cases.flatMap(({ kept, own }) => [kept, ...own]),
  );
  const pairs = cases.map(({ kept, own, others }) => {
    const question = standard(kept);
    return {
      own: own.map((piece) => together(question, standard(piece))),
      others: others.map((piece) => together(question, standard(piece))),
    };
  });
  const losses = new Array<number>(cases.length);
  for (const half of [0, 1]) {
    const weights = trainedOn(
      pairs.flatMap(({ own, others }, index) =>
        cases[index]!.document % 2 === half ? differences(own, others) : [],
      ),
    );
    for (const [index, { own, others }] of pairs.entries())
      if (cases[index]!.document % 2 !== half) losses[index] = lossOf(own, others, weights);
  }
  return losses;
}

/** Standardised over all texts, at most five deviations from the mean; each text once. */
function standardiser(features: ShallowFeatures, texts: readonly string[]): (text: string) => Float64Array {
  const rows = texts.map(features);
  const means = rows[0]!.map((_, axis) => rows.reduce((sum, row) => sum + row[axis]!, 0) / rows.length);
  const deviations = means.map(
    (mean, axis) =>
      Math.sqrt(rows.reduce((sum, row) => sum + (row[axis]! - mean) ** 2, 0) / rows.length) || 1,
  );
  const known = new Map<string, Float64Array>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const made = Float64Array.from(features(text), (value, axis) =>
      Math.max(-mostStandard, Math.min(mostStandard, (value - means[axis]!) / deviations[axis]!)),
    );
    known.set(text, made);
    return made;
  };
}

/** Nearness in each feature, and their product. */
function together(kept: Float64Array, piece: Float64Array): Float64Array {
  const pair = new Float64Array(2 * kept.length);
  for (let axis = 0; axis < kept.length; axis += 1) {
    pair[axis] = -Math.abs(kept[axis]! - piece[axis]!);
    pair[kept.length + axis] = Math.max(-mostStandard, Math.min(mostStandard, kept[axis]! * piece[axis]!));
  }
  return pair;
}

function differences(own: readonly Float64Array[], others: readonly Float64Array[]): Float64Array[] {
  const step = Math.max(1, Math.floor(others.length / mostOthers));
  const some = others.filter((_, index) => index % step === 0);
  return own.flatMap((right) => some.map((wrong) => right.map((value, axis) => value - wrong[axis]!)));
}

/** Weights under which the right piece of a pair comes out above the wrong one, by gradient descent. */
function trainedOn(rows: readonly Float64Array[]): Float64Array {
  const size = rows[0]!.length;
  // One after the other in memory: several times as fast.
  const flat = new Float64Array(rows.length * size);
  for (const [index, row] of rows.entries()) flat.set(row, index * size);
  const weights = new Float64Array(size);
  for (let step = 0; step < steps; step += 1) {
    const gradient = new Float64Array(size);
    for (let start = 0; start < flat.length; start += size) {
      let margin = 0;
      for (let axis = 0; axis < size; axis += 1) margin += flat[start + axis]! * weights[axis]!;
      const doubt = 1 / (1 + Math.exp(margin));
      for (let axis = 0; axis < size; axis += 1) gradient[axis]! += doubt * flat[start + axis]!;
    }
    for (let axis = 0; axis < size; axis += 1)
      weights[axis]! += rate * (gradient[axis]! / rows.length - ridge * weights[axis]!);
  }
  return weights;
}

function lossOf(
  own: readonly Float64Array[],
  others: readonly Float64Array[],
  weights: Float64Array,
): number {
  const wrong = others.map((pair) => product(pair, weights));
  let worse = 0;
  for (const pair of own) {
    const right = product(pair, weights);
    for (const value of wrong) worse += value > right ? 1 : value === right ? 0.5 : 0;
  }
  return worse / (own.length * others.length);
}

function product(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let axis = 0; axis < left.length; axis += 1) sum += left[axis]! * right[axis]!;
  return sum;
}
