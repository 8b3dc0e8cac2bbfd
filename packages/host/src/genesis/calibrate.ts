import type { CalibrationPiece, CalibrationStore } from '@market-of-experts/history';
import { chunkPieces } from '@market-of-experts/protocol';
import type { TaskSkill } from '@market-of-experts/roles/tasks/task-skill';

/**
 * Answers and publishes the expert's next chunk of calibration pieces. False when there is none left. The
 * pieces are answered in small batches, so that paid work gets its turn between them.
 */
export async function publishNextChunk(
  expertId: string,
  skill: Pick<TaskSkill, 'publish'>,
  pieces: readonly CalibrationPiece[],
  store: CalibrationStore,
  signal: AbortSignal,
  batchTexts = 32,
): Promise<boolean> {
  const first = store.count(expertId);
  if (first + chunkPieces > pieces.length) return false;
  const batches: Int16Array[] = [];
  for (let offset = 0; offset < chunkPieces; offset += batchTexts) {
    signal.throwIfAborted();
    const texts = pieces
      .slice(first + offset, first + Math.min(chunkPieces, offset + batchTexts))
      .map(({ text }) => text);
    batches.push(await skill.publish(texts, signal));
  }
  const points = new Int16Array(batches.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const batch of batches) {
    points.set(batch, end);
    end += batch.length;
  }
  store.publish(expertId, first / chunkPieces, points);
  return true;
}
