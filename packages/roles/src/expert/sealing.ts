import { MoeError, type NodeId, type Random } from '@market-of-experts/core';
import type { ExpertBackend } from '@market-of-experts/models';
import {
  type Commit,
  commitDomain,
  type EmbeddingParameters,
  float32Bytes,
  int16Bytes,
  isUnitVector,
  maskText,
  quantise,
  sealFull,
  sealKept,
} from '@market-of-experts/protocol';
import { refuse } from '../messages/messaging.ts';
import type { JobInHand } from './job-memory.ts';

/** The two seals of a job and what opens them, in the name of one expert. */
export interface Sealing {
  /** The kept half's vector, int16. Throws what the model throws. */
  embedKept(state: JobInHand, signal: AbortSignal): Promise<Int16Array>;
  /** Asked again for the same job, it gives the seal that it has given. */
  sealKept(state: JobInHand, vector: Int16Array): Promise<Commit>;
  /** Seals pieces and whole of a datum that has been found to be the one ordered, and prepares the reveal. */
  sealWhole(state: JobInHand, text: string, signal: AbortSignal): Promise<Commit>;
}

export function sealing(self: NodeId, backend: ExpertBackend, random: Random): Sealing {
  const embed = async (state: JobInHand, texts: readonly string[], signal: AbortSignal) => {
    const vectors = await backend.embed(texts, { signal });
    assertMarketVectors(vectors, texts.length, state.job.roster.parameters);
    return vectors;
  };
  const authorOf = ({ job, principal }: JobInHand) => ({
    job: job.id,
    principal,
    worker: self,
  });
  return {
    embedKept: async (state, signal) => quantise((await embed(state, [state.kept], signal))[0]!),
    async sealKept(state, vector) {
      const author = authorOf(state);
      if (state.sealed === undefined) {
        const salt = random.bytes(16);
        const kept = int16Bytes(vector);
        state.sealed = { kept, salt, seal: sealKept(author, kept, salt) };
      }
      return state.pen.sign(commitDomain, { ...author, stage: 'sealed' as const, seal: state.sealed.seal });
    },
    async sealWhole(state, text, signal) {
      const { job, sealed } = state;
      const masked = maskText(text, job.draw.seed, job.roster.parameters);
      if (sealed === undefined || masked === undefined || masked.kept !== state.kept)
        refuse('The kept half was not cut from this datum by the seed of the job.');
      const vectors = await embed(state, [...masked.pieces, text], signal);
      const answer = {
        kept: sealed.kept,
        pieces: vectors.slice(0, -1).map((vector) => int16Bytes(quantise(vector))),
        full: float32Bytes(vectors.at(-1)!),
      };
      const author = authorOf(state);
      const fullSalt = random.bytes(16);
      const seal = sealFull(author, answer, fullSalt);
      const reveal = await state.pen.reveal({ ...author, ...answer, keptSalt: sealed.salt, fullSalt });
      const commit = await state.pen.sign(commitDomain, { ...author, stage: 'full' as const, seal });
      state.revealed = { seal, reveal };
      return commit;
    },
  };
}

/** Throws `backend-invalid-output` for what the market cannot score: better now than slashed. */
export function assertMarketVectors(
  vectors: readonly Float32Array[],
  count: number,
  { dimensions }: Pick<EmbeddingParameters, 'dimensions'>,
): void {
  if (vectors.length !== count || vectors.some((vector) => vector.length !== dimensions))
    throw new MoeError(
      'backend-invalid-output',
      `The model must answer ${count} vectors of ${dimensions} numbers.`,
    );
  if (!vectors.every(isUnitVector))
    throw new MoeError('backend-invalid-output', 'The model must answer vectors of unit length.');
}
