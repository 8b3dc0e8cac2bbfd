import { MoeError } from '@market-of-experts/core';
import type { ExpertBackend } from '../backend.ts';
import { outputDimensionsOf, type Whitening, whitened } from './whitening.ts';

/**
 * Another backend's vectors, centred and softly whitened: an expert of its own. Throws `weights-invalid` when the whitening
 * is for vectors of another length.
 */
export function whitenedBackend(name: string, backend: ExpertBackend, whitening: Whitening): ExpertBackend {
  if (whitening.mean.length !== backend.dimensions)
    throw new MoeError(
      'weights-invalid',
      `The whitening of "${name}" is for vectors of ${whitening.mean.length} numbers; ` +
        `"${backend.name}" gives ${backend.dimensions}. Fit it again for this model.`,
    );
  return {
    name,
    dimensions: outputDimensionsOf(whitening),
    embed: async (texts, options) =>
      (await backend.embed(texts, options)).map((vector) => whitened(whitening, vector)),
    close: () => backend.close(),
  };
}
