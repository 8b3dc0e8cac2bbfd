import { MoeError } from '@market-of-experts/core';
import type { ExpertBackend } from '../backend.ts';
import { type Alignment, applyAlignment } from './alignment.ts';

/**
 * A backend whose vectors lie in the market's space: unit length, `alignment.outputDimensions` numbers.
 * Throws `weights-invalid` when the alignment was made for vectors of another length.
 */
export function alignedBackend(backend: ExpertBackend, alignment: Alignment): ExpertBackend {
  if (alignment.inputDimensions !== backend.dimensions)
    throw new MoeError(
      'weights-invalid',
      `The alignment is for vectors of ${alignment.inputDimensions} numbers; "${backend.name}" gives ` +
        `${backend.dimensions}. Fit it again for this model.`,
    );
  return {
    name: backend.name,
    dimensions: alignment.outputDimensions,
    embed: async (texts, options) =>
      (await backend.embed(texts, options)).map((vector) => applyAlignment(alignment, vector)),
    close: () => backend.close(),
  };
}
