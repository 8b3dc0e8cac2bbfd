import type { ExpertBackend } from '../backend.ts';
import { EmbeddingQueue } from '../embedding-queue.ts';
import type { MinilmLayers } from './minilm-model-file.ts';
import { minilmDimensions, openMinilmSession } from './minilm-session.ts';
import { loadMinilmTokenizer } from './minilm-tokenizer.ts';

export interface MinilmBackendInit {
  readonly modelsDir: string;
  readonly layers: MinilmLayers;
  /** Threads that one run uses. */
  readonly intraOpThreads: number;
  /** Memory for the vectors of recent texts; default 32 MiB, about 16,000 sentences. */
  readonly cacheBytes?: number;
}

/**
 * all-MiniLM-L6-v2, or its first layers, on ONNX Runtime: unit vectors of 384 numbers, texts cut to 256 tokens.
 * The vectors of one text are the same to about 1e-6 whatever else is in its batch. Concurrent calls share
 * batches and a cache; returned vectors are shared and must not be changed.
 */
export async function minilmBackend(init: MinilmBackendInit): Promise<ExpertBackend> {
  const name = `minilm-l${init.layers}`;
  const session = await openMinilmSession(init.modelsDir, init.layers, init.intraOpThreads);
  const tokenizer = loadMinilmTokenizer();
  const queue = new EmbeddingQueue<readonly number[]>({
    name,
    prepare: tokenizer.encode,
    lengthOf: (ids) => ids.length,
    run: async (batch) => {
      const packed = await session.run(batch);
      return batch.map((_, row) => packed.slice(row * minilmDimensions, (row + 1) * minilmDimensions));
    },
    maxBatch: 32,
    maxWaiting: 100_000,
    cacheBytes: init.cacheBytes ?? 32 * 1024 * 1024,
  });
  return {
    name,
    dimensions: minilmDimensions,
    embed: async (texts, options) => [...(await queue.embed(texts, options?.signal))],
    close: () => session.release(),
  };
}
