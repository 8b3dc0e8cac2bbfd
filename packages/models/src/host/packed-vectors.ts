import type { ExpertBackend } from '../backend.ts';
import { invalidOutput } from '../backend-errors.ts';

/**
 * Copies vectors one after the other into one buffer, checking their number, length and that every number is
 * finite. Throws `backend-invalid-output`.
 */
export function packVectors(
  { name, dimensions }: Pick<ExpertBackend, 'name' | 'dimensions'>,
  count: number,
  vectors: readonly Float32Array[],
): Float32Array<ArrayBuffer> {
  if (vectors.length !== count) throw invalidOutput(name, `${vectors.length} vectors for ${count} texts.`);
  const packed = new Float32Array(count * dimensions);
  for (const [index, vector] of vectors.entries()) {
    if (vector.length !== dimensions)
      throw invalidOutput(name, `a vector of ${vector.length} numbers where ${dimensions} are due.`);
    packed.set(vector, index * dimensions);
  }
  for (let place = 0; place < packed.length; place++)
    if (!Number.isFinite(packed[place])) throw invalidOutput(name, 'a number in it is not finite.');
  return packed;
}

/** The vectors again, each with memory of its own, so that keeping one does not keep all. */
export function unpackVectors(packed: Float32Array, dimensions: number): Float32Array[] {
  return Array.from({ length: packed.length / dimensions }, (_, index) =>
    packed.slice(index * dimensions, (index + 1) * dimensions),
  );
}
