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

/**
 * Text embeddings: exams by a model of unit float32 vectors in the market's space, service by one in a space of its own. That there are
 * two is a bridge (docs/decisions/0036-edition-service.md): once exams are in own spaces, `own` is all.
 */
export function embeddingSkill(backend: ExpertBackend, own: ExpertBackend = backend): TaskSkill {
  const embed = async (texts: readonly string[], parameters: EmbeddingParameters, signal: AbortSignal) => {
    const vectors = await backend.embed(texts, { signal });
    assertUnitVectors(vectors, texts.length, parameters.dimensions);
    return vectors;
  };
  return {
    name: backend.name,
    answerFirst: async (texts, parameters, signal) =>
      (await embed(texts, parameters, signal)).map((vector) => int16Bytes(quantise(vector))),
    answerSecond: async (texts, parameters, signal) =>
      (await embed(texts, parameters, signal)).map(float32Bytes),
    async answerAll(texts, signal) {
      const vectors = await own.embed(texts, { signal });
      assertUnitVectors(vectors, texts.length, own.dimensions);
      return vectors.map(float32Bytes);
    },
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
function assertUnitVectors(vectors: readonly Float32Array[], count: number, dimensions: number): void {
  if (vectors.length !== count || vectors.some((vector) => vector.length !== dimensions))
    throw new MoeError(
      'backend-invalid-output',
      `The model must answer ${count} vectors of ${dimensions} numbers.`,
    );
  if (!vectors.every(isUnitVector))
    throw new MoeError('backend-invalid-output', 'The model must answer vectors of unit length.');
}
