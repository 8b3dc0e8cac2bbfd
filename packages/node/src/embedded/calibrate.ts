import type { ExpertBackend } from '@moe/experts';
import { type CalibrationPiece, type CalibrationStore, chunkPieces } from '@moe/history';
import { quantise } from '@moe/protocol';

/**
 * Encodes and publishes the expert's next chunk of calibration pieces. False when there is none left. The
 * pieces are encoded in small batches, so that paid work gets its turn between them.
 */
export async function publishNextChunk(
  expertId: string,
  backend: ExpertBackend,
  pieces: readonly CalibrationPiece[],
  store: CalibrationStore,
  signal: AbortSignal,
  batchTexts = 32,
): Promise<boolean> {
  const first = store.count(expertId);
  if (first + chunkPieces > pieces.length) return false;
  const vectors = new Int16Array(chunkPieces * backend.dimensions);
  for (let offset = 0; offset < chunkPieces; offset += batchTexts) {
    signal.throwIfAborted();
    const texts = pieces.slice(first + offset, first + offset + batchTexts).map(({ text }) => text);
    for (const [index, vector] of (await backend.embed(texts, { signal })).entries())
      vectors.set(quantise(vector), (offset + index) * backend.dimensions);
  }
  store.publish(expertId, first / chunkPieces, vectors);
  return true;
}
