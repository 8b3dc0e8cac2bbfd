import { MoeError } from '@market-of-experts/core';
import type { ExpertBackend } from '@market-of-experts/models';
import { float32Bytes, int16Bytes, isUnitVector, quantise } from '@market-of-experts/protocol';
import type { TaskSkill } from '../task-skill.ts';

/** Text embeddings by a model of unit float32 vectors, in exams as in service in the space of its own. */
export function embeddingSkill(backend: ExpertBackend): TaskSkill {
  const embed = async (texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> => {
    const vectors = await backend.embed(texts, { signal });
    assertUnitVectors(vectors, texts.length, backend);
    return vectors;
  };
  const answerList: TaskSkill['answerFirst'] = async (texts, _, signal) =>
    (await embed(texts, signal)).map((vector) => int16Bytes(quantise(vector)));
  return {
    name: backend.name,
    answerFirst: answerList,
    answerSecond: answerList,
    answerAll: async (texts, signal) => (await embed(texts, signal)).map(float32Bytes),
  };
}

/** Throws `backend-invalid-output` for what the market cannot score: better now than slashed. */
function assertUnitVectors(
  vectors: readonly Float32Array[],
  count: number,
  { name, dimensions }: Pick<ExpertBackend, 'name' | 'dimensions'>,
): void {
  if (vectors.length !== count || vectors.some((vector) => vector.length !== dimensions))
    throw new MoeError(
      'backend-invalid-output',
      `${name} must answer ${count} vectors of ${dimensions} numbers.`,
    );
  if (!vectors.every(isUnitVector))
    throw new MoeError('backend-invalid-output', `${name} must answer vectors of unit length.`);
}
