import { quantise } from '@market-of-experts/protocol';

/** How far vectors of the same texts are from those of a reference, as 1 − cosine. */
export interface Differences {
  readonly texts: number;
  /** Texts whose float32 vectors are the same to the bit. */
  readonly sameBits: number;
  readonly median: number;
  readonly largest: number;
  /** The largest after both were rounded to int16. */
  readonly largestInt16: number;
}

export function differencesOf(
  reference: readonly Float32Array[],
  vectors: readonly Float32Array[],
): Differences {
  const gaps = reference.map((vector, index) => gapOf(vector, vectors[index]!)).sort((a, b) => a - b);
  const rounded = reference.map((vector, index) => gapOf(quantise(vector), quantise(vectors[index]!)));
  return {
    texts: reference.length,
    sameBits: reference.filter((vector, index) => isSame(vector, vectors[index]!)).length,
    median: gaps[gaps.length >> 1]!,
    largest: gaps.at(-1)!,
    largestInt16: Math.max(...rounded),
  };
}

/** `1 − cos` without cancellation: half the squared distance of the directions. */
function gapOf(a: Float32Array | Int16Array, b: Float32Array | Int16Array): number {
  const [lengthA, lengthB] = [lengthOf(a), lengthOf(b)];
  let squares = 0;
  for (let index = 0; index < a.length; index++) squares += (a[index]! / lengthA - b[index]! / lengthB) ** 2;
  return squares / 2;
}

function lengthOf(vector: Float32Array | Int16Array): number {
  let squares = 0;
  for (let index = 0; index < vector.length; index++) squares += vector[index]! ** 2;
  return Math.sqrt(squares);
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, index) => value === b[index]);
}
