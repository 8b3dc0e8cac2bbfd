import { applyResidual } from '@market-of-experts/models';

const distractors = 32;

/** Vectors of held-out texts, row by row: kept parts, and `piecesPerText` pieces each. */
export interface HeldOutVectors {
  readonly dimensions: number;
  readonly kept: Float32Array;
  readonly pieces: Float32Array;
  readonly piecesPerText: number;
}

/**
 * An exam in small: the share of the 32 nearest pieces of other texts that fit the adapted kept part at
 * least as well as its own piece does, all pieces as the base model sees them. 0 is perfect, 0.5 chance. Without
 * a matrix, the base model's own loss.
 */
export function heldOutLoss(vectors: HeldOutVectors, matrix?: Float32Array): number {
  const { dimensions, kept, pieces, piecesPerText } = vectors;
  const texts = kept.length / dimensions;
  const row = (array: Float32Array, index: number): Float32Array =>
    array.subarray(index * dimensions, (index + 1) * dimensions);
  let worse = 0;
  let compared = 0;
  for (let text = 0; text < texts; text++) {
    const query = matrix === undefined ? row(kept, text) : applyResidual(row(kept, text), matrix);
    for (let own = text * piecesPerText; own < (text + 1) * piecesPerText; own++) {
      const target = row(pieces, own);
      const nearest: { index: number; nearness: number }[] = [];
      for (let index = 0; index < texts * piecesPerText; index++)
        if (Math.floor(index / piecesPerText) !== text)
          nearest.push({ index, nearness: dot(target, row(pieces, index)) });
      nearest.sort((a, b) => b.nearness - a.nearness || a.index - b.index);
      const found = dot(query, target);
      for (const { index } of nearest.slice(0, distractors)) {
        if (dot(query, row(pieces, index)) >= found) worse += 1;
        compared += 1;
      }
    }
  }
  return compared === 0 ? 0.5 : worse / compared;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}
