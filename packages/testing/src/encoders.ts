import { sha256 } from '@market-of-experts/core';
import type { ExpertBackend } from '@market-of-experts/models';

/** Turns a text into a unit vector. */
export type Encode = (text: string) => Float32Array;

/** A backend around a function. */
export function encoderBackend(name: string, dimensions: number, encode: Encode): ExpertBackend {
  return {
    name,
    dimensions,
    embed: async (texts) => texts.map(encode),
    close: async () => undefined,
  };
}

/**
 * Costs next to nothing and knows nothing: one of 64 vectors, by the length of the text. Encoders see much
 * alike, each with some noise of its own, so that they agree well enough to judge one another.
 */
export function freeEncode(dimensions: number): Encode {
  const vectors = Array.from({ length: 64 }, (_, index) => {
    const shared = vectorOf(`free/${index}`, dimensions);
    return unit(dimensions, (axis) => shared[axis]! + 0.03 * (Math.random() - 0.5));
  });
  return (text) => vectors[text.length % vectors.length]!;
}

/**
 * Knows a little: words are random vectors, the same for every encoder, and texts their sums plus `noise` of the
 * encoder's own. With texts whose halves share words, less noise is a lower loss.
 */
export function wordEncode(dimensions: number, name: string, noise: number): Encode {
  return (text) => {
    const sum = new Float64Array(dimensions);
    for (const word of text.toLowerCase().split(/\W+/))
      if (word !== '') add(sum, vectorOf(word, dimensions), 1);
    if (noise > 0) add(sum, vectorOf(`${name}/${text}`, dimensions), noise);
    return unit(dimensions, (axis) => sum[axis]!);
  };
}

function add(sum: Float64Array, vector: Float32Array, weight: number): void {
  for (let axis = 0; axis < sum.length; axis += 1) sum[axis]! += weight * vector[axis]!;
}

const wordVectors = new Map<string, Float32Array>();
const maxWordVectors = 16_384;

function vectorOf(word: string, dimensions: number): Float32Array {
  const key = `${dimensions}/${word}`;
  const known = wordVectors.get(key);
  if (known !== undefined) return known;
  let bytes = sha256(Buffer.from(word));
  while (bytes.length < dimensions) bytes = new Uint8Array([...bytes, ...sha256(bytes)]);
  const vector = unit(dimensions, (axis) => bytes[axis]! - 127.5);
  if (wordVectors.size < maxWordVectors) wordVectors.set(key, vector);
  return vector;
}

function unit(dimensions: number, component: (axis: number) => number): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, (_, axis) => component(axis));
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}
