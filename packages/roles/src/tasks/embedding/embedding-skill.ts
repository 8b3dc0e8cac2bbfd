import { MoeError } from '@market-of-experts/core';
import type { ExpertBackend } from '@market-of-experts/models';
import {
  type EmbeddingParameters,
  float32Bytes,
  int16Bytes,
  isUnitVector,
  quantise,
} from '@market-of-experts/protocol';
import type { TaskSkill } from '../task-skill.ts';

/** Text embeddings by a model of unit float32 vectors in the market's space. */
export function embeddingSkill(backend: ExpertBackend): TaskSkill {
  const embed = async (texts: readonly string[], parameters: EmbeddingParameters, signal: AbortSignal) => {
    const vectors = await backend.embed(texts, { signal });
    assertMarketVectors(vectors, texts.length, parameters);
    return vectors;
  };
  const whole: TaskSkill['answerAll'] = async (texts, parameters, signal) =>
    (await embed(texts, parameters, signal)).map(float32Bytes);
  return {
    name: backend.name,
    answerFirst: async (texts, parameters, signal) =>
      (await embed(texts, parameters, signal)).map((vector) => int16Bytes(quantise(vector))),
    answerSecond: whole,
    answerAll: whole,
    async publish(texts, signal) {
      const { dimensions } = backend;
      const vectors = await backend.embed(texts, { signal });
      if (vectors.length !== texts.length || vectors.some(({ length }) => length !== dimensions))
        throw new MoeError(
          'backend-invalid-output',
          `${backend.name} must answer one vector of ${dimensions} numbers for each text.`,
        );
      const points = new Int16Array(texts.length * dimensions);
      for (const [index, vector] of vectors.entries()) points.set(quantise(vector), index * dimensions);
      return points;
    },
  };
}

/** Throws `backend-invalid-output` for what the market cannot score: better now than slashed. */
function assertMarketVectors(
  vectors: readonly Float32Array[],
  count: number,
  { dimensions }: EmbeddingParameters,
): void {
  if (vectors.length !== count || vectors.some((vector) => vector.length !== dimensions))
    throw new MoeError(
      'backend-invalid-output',
      `The model must answer ${count} vectors of ${dimensions} numbers.`,
    );
  if (!vectors.every(isUnitVector))
    throw new MoeError('backend-invalid-output', 'The model must answer vectors of unit length.');
}
