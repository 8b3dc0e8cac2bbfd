import type { ExpertBackend } from '../backend.ts';
import { functionBackend } from '../function-backend.ts';
import { loadMinilmTokenizer } from '../minilm/minilm-tokenizer.ts';
import { normalise } from '../unit-vector.ts';
import { type StaticWeights, staticDimensions } from './static-weights.ts';

/** The sum of a text's token vectors: no context, but fast. Unit vectors of 384 numbers. */
export function staticBackend({ scales, table }: StaticWeights): ExpertBackend {
  const tokenizer = loadMinilmTokenizer();
  return functionBackend('static', staticDimensions, (text) => {
    const sum = new Float32Array(staticDimensions);
    for (const id of tokenizer.encode(text).slice(1, -1)) {
      const scale = scales[id]!;
      const start = id * staticDimensions;
      for (let axis = 0; axis < staticDimensions; axis++)
        sum[axis] = sum[axis]! + scale * table[start + axis]!;
    }
    return normalise(sum);
  });
}
