import { MoeError } from '@market-of-experts/core';
import type { ExpertBackend } from '../backend.ts';
import { normalise } from '../unit-vector.ts';
import type { AdapterWeights } from './adapter-weights.ts';

/**
 * A specialist: `normalise(x + W·x)` of the base model's vector `x`. The base is shared and stays open when
 * the specialist closes. Throws `weights-invalid` when the dimensions differ.
 */
export function residualBackend(name: string, base: ExpertBackend, weights: AdapterWeights): ExpertBackend {
  if (weights.dimensions !== base.dimensions)
    throw new MoeError(
      'weights-invalid',
      `The adapter of "${name}" is for vectors of ${weights.dimensions} numbers; ` +
        `its base "${base.name}" gives ${base.dimensions}.`,
    );
  return {
    name,
    dimensions: base.dimensions,
    embed: async (texts, options) =>
      (await base.embed(texts, options)).map((vector) => applyResidual(vector, weights.matrix)),
    close: async () => {},
  };
}

/** `normalise(x + W·x)`; the input is not changed. */
export function applyResidual(vector: Float32Array, matrix: Float32Array): Float32Array {
  const size = vector.length;
  const result = new Float32Array(size);
  for (let row = 0; row < size; row++) {
    const start = row * size;
    let sum = 0;
    for (let column = 0; column < size; column++) sum += matrix[start + column]! * vector[column]!;
    result[row] = vector[row]! + sum;
  }
  return normalise(result);
}
