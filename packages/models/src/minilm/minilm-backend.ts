import type { ExpertBackend } from '../backend.ts';
import { EmbeddingQueue } from '../embedding-queue.ts';
import type { MinilmLayers } from './minilm-model-file.ts';
import { type EarlyLayer, earlyLayers } from './minilm-onnx.ts';
import { type MinilmSession, minilmDimensions, openMinilmSession } from './minilm-session.ts';
import { loadMinilmTokenizer } from './minilm-tokenizer.ts';

export interface MinilmBackendInit {
  readonly modelsDir: string;
  readonly layers: MinilmLayers;
  /** Threads that one run uses. */
  readonly intraOpThreads: number;
  /** Memory for the vectors of recent texts; default 32 MiB, about 16,000 sentences, or 6,000 of the whole model. */
  readonly cacheBytes?: number;
}

/** Experts that read a text in one pass of one model: whoever asks second finds it in the batch or in the cache. */
export interface MinilmPass {
  /** The model's own vectors. */
  readonly sentences: ExpertBackend;
  /** The states after one of the whole model's early layers, weighted by the tokens' idf. */
  layer(layer: EarlyLayer): ExpertBackend;
}

/**
 * all-MiniLM-L6-v2, or its first layers, on ONNX Runtime: unit vectors of 384 numbers, texts cut to 256 tokens.
 * The vectors of one text are the same to about 1e-6 whatever else is in its batch. Concurrent calls share
 * batches and a cache; returned vectors are shared and must not be changed. Closing any of the backends closes the model.
 */
export async function openMinilmPass(init: MinilmBackendInit): Promise<MinilmPass> {
  const session = await openMinilmSession(init.modelsDir, init.layers, init.intraOpThreads);
  return minilmPass(`minilm-l${init.layers}`, session, init.cacheBytes);
}

/** The experts of an open session. */
export function minilmPass(name: string, session: MinilmSession, cacheBytes = 32 * 1024 * 1024): MinilmPass {
  const queue = new EmbeddingQueue<readonly number[]>({
    name,
    prepare: loadMinilmTokenizer().encode,
    lengthOf: (ids) => ids.length,
    run: session.run,
    maxBatch: 32,
    maxWaiting: 100_000,
    cacheBytes,
  });
  const part = (partName: string, index: number): ExpertBackend => ({
    name: partName,
    dimensions: minilmDimensions,
    embed: async (texts, options) =>
      (await queue.embed(texts, options?.signal)).map((row) =>
        row.subarray(index * minilmDimensions, (index + 1) * minilmDimensions),
      ),
    close: () => session.release(),
  });
  return {
    sentences: part(name, 0),
    layer: (layer) => part(`${name}-layer-${layer}`, 1 + earlyLayers.indexOf(layer)),
  };
}
