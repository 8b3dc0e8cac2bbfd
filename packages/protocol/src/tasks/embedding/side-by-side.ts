import { lengthOf } from './vector.ts';

/** What the mixing of vectors needs to know of an edition's part. */
export interface MixturePart {
  readonly dimensions: number;
  /** Weight in halves, above 0. */
  readonly weightSteps: number;
}

export interface MixedVector {
  /** Of unit length, or zero where no part said anything. */
  readonly vector: Float32Array;
  /** Parts (by their place in the edition) that are zero because their expert gave no vector. */
  readonly missing: readonly number[];
}

/**
 * The vector that is stored: `(√w₁·e₁, √w₂·e₂, …)` of the experts' unit vectors, brought to unit length, so that a product of two
 * is the weighted mean of the experts' cosines. A part whose expert is away, or gave no vector of its form, is zero and named; unit
 * length makes up for its weight. `answers[part]` may have any length but 0, or be zero. Sums run from the first number to the last:
 * the same bits on every machine.
 */
export function storedVector(
  parts: readonly MixturePart[],
  answers: readonly (ArrayLike<number> | undefined)[],
): MixedVector {
  return sideBySide(
    parts,
    answers,
    parts.map(({ weightSteps }) => Math.sqrt(weightSteps)),
  );
}

/**
 * The vector to ask with at a place that has a gate: parts scaled by `gate / √w`, so that its product with a stored vector weighs the
 * experts as the gate says. Without a gate ask with {@link storedVector}.
 */
export function questionVector(
  parts: readonly MixturePart[],
  answers: readonly (ArrayLike<number> | undefined)[],
  gateSteps: readonly number[],
): MixedVector {
  return sideBySide(
    parts,
    answers,
    parts.map(({ weightSteps }, part) => gateSteps[part]! / Math.sqrt(weightSteps)),
  );
}

function sideBySide(
  parts: readonly MixturePart[],
  answers: readonly (ArrayLike<number> | undefined)[],
  scales: readonly number[],
): MixedVector {
  const sum = new Float64Array(parts.reduce((total, { dimensions }) => total + dimensions, 0));
  const missing: number[] = [];
  let offset = 0;
  for (const [part, { dimensions }] of parts.entries()) {
    const answer = answers[part];
    const length = answer?.length === dimensions ? lengthOf(answer) : Number.NaN;
    if (answer === undefined || !Number.isFinite(length)) missing.push(part);
    else if (length > 0 && scales[part]! > 0)
      for (let axis = 0; axis < dimensions; axis += 1)
        sum[offset + axis] = (scales[part]! * answer[axis]!) / length;
    offset += dimensions;
  }
  return { vector: unitOf(sum), missing };
}

/** Divided by its length; zero stays zero. */
export function unitOf(vector: ArrayLike<number>): Float32Array {
  const length = lengthOf(vector) || 1;
  return Float32Array.from(vector, (value) => value / length);
}
