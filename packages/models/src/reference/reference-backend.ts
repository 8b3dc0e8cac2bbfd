import { createHash } from 'node:crypto';
import type { ExpertBackend } from '../backend.ts';
import { functionBackend } from '../function-backend.ts';
import { addHashed } from '../hashing/signed-hashing.ts';
import { normalise } from '../unit-vector.ts';

export const referenceEncoders = ['bag-of-words', 'char-4-grams', 'random', 'constant', 'zero'] as const;
export type ReferenceEncoder = (typeof referenceEncoders)[number];

const dimensions = 384;

/**
 * Encoders that show what a loss is worth: two additive ones that a naive loss prefers, and three degenerate
 * ones that must earn nothing. Unit vectors of 384 numbers, but for `zero`.
 */
export function referenceBackend(encoder: ReferenceEncoder): ExpertBackend {
  return functionBackend(encoder, dimensions, encoders[encoder]);
}

const encoders: Record<ReferenceEncoder, (text: string) => Float32Array> = {
  'bag-of-words': (text) => sumOf(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []),
  'char-4-grams': (text) => {
    const plain = text.toLowerCase().replace(/\s+/g, ' ');
    const grams: string[] = [];
    for (let start = 0; start + 4 <= plain.length; start++) grams.push(plain.slice(start, start + 4));
    return sumOf(grams);
  },
  random: randomVector,
  constant: () => normalise(new Float32Array(dimensions).fill(1)),
  zero: () => new Float32Array(dimensions),
};

function sumOf(features: readonly string[]): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const feature of features) addHashed(vector, hashOf(feature), 1, 1);
  return normalise(vector);
}

/** Another vector for every text, always the same one for the same text. */
function randomVector(text: string): Float32Array {
  const seed = createHash('sha256').update(text).digest();
  const vector = new Float32Array(dimensions);
  for (let block = 0; block * 16 < dimensions; block++) {
    const bytes = createHash('sha256').update(seed).update(Uint8Array.of(block)).digest();
    for (let place = 0; place < 16; place++) vector[block * 16 + place] = bytes.readInt16LE(place * 2);
  }
  return normalise(vector);
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 2166136261;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 16777619);
  return hash >>> 0;
}
