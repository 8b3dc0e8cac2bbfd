import { MoeError } from '@market-of-experts/core';
import type { CalibrationPiece, CalibrationStore } from '@market-of-experts/history';
import type { ExpertBackend } from '@market-of-experts/models';
import { chunkPieces, quantise } from '@market-of-experts/protocol';

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
  const { dimensions } = backend;
  const vectors = new Int16Array(chunkPieces * dimensions);
  for (let offset = 0; offset < chunkPieces; offset += batchTexts) {
    signal.throwIfAborted();
    const texts = pieces.slice(first + offset, first + offset + batchTexts).map(({ text }) => text);
    const embedded = await backend.embed(texts, { signal });
    if (embedded.length !== texts.length || embedded.some(({ length }) => length !== dimensions))
      throw new MoeError(
        'backend-invalid-output',
        `${backend.name} must answer one vector of ${dimensions} numbers for each text.`,
      );
    for (const [index, vector] of embedded.entries())
      vectors.set(quantise(vector), (offset + index) * dimensions);
  }
  store.publish(expertId, first / chunkPieces, vectors);
  return true;
}
