import { fileURLToPath } from 'node:url';
import type { ExpertBackend } from '../backend.ts';
import { functionBackend } from '../function-backend.ts';
import { addHashed } from '../hashing/signed-hashing.ts';
import { normalise } from '../unit-vector.ts';
import { countGrams } from './character-grams.ts';
import { bucketOf, type GramsIdf } from './grams-idf.ts';

/** The shipped idf table, made by `packages/training/scripts/fit-grams.ts`. */
export const gramsIdfFile = fileURLToPath(new URL('../../data/grams.bin', import.meta.url));
const coordinatesPerGram = 4;

/**
 * Character n-grams, each weighted by its idf and the square root of its count, on four signed coordinates: unit vectors
 * of `dimensions` numbers. Finds names, rare words and their forms, in any script; knows no meaning. The more numbers,
 * the closer to the exact sparse vector: two texts' product is off by about 1 / √dimensions. The same bits on every
 * machine: only +, ×, ÷ and √ are used.
 */
export function gramsBackend({ levels }: GramsIdf, dimensions: number): ExpertBackend {
  return functionBackend(`grams-${dimensions}`, dimensions, (text) => {
    const vector = new Float32Array(dimensions);
    for (const [gram, count] of countGrams(text))
      addHashed(vector, gram, levels[bucketOf(gram)]! * Math.sqrt(count), coordinatesPerGram);
    return normalise(vector);
  });
}
