import type { ExpertBackend } from '../backend.ts';
import { functionBackend } from '../function-backend.ts';
import { normalise } from '../unit-vector.ts';
import { addHashed } from './signed-hashing.ts';
import { subwordFeatures } from './subword-features.ts';

const dimensions = 384;
const coordinatesPerFeature = 4;

/**
 * An expert that was never trained: the hashed words and character n-grams of a text, each weighted by the
 * square root of its count, on four signed coordinates. Robust to typos, blind to meaning. Unit vectors of 384.
 */
export function lexicalBackend(): ExpertBackend {
  return functionBackend('lexical', dimensions, (text) => {
    const counts = new Map<number, number>();
    for (const feature of subwordFeatures(text, true)) counts.set(feature, (counts.get(feature) ?? 0) + 1);
    const vector = new Float32Array(dimensions);
    for (const [feature, count] of counts)
      addHashed(vector, feature, Math.sqrt(count), coordinatesPerFeature);
    return normalise(vector);
  });
}
