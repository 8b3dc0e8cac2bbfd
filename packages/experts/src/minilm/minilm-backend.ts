import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ExpertBackend } from '../backend.ts';
import { invalidOutput } from '../backend-errors.ts';
import { EmbeddingQueue } from '../embedding-queue.ts';
import { type MinilmLayers, minilmModelFile } from './minilm-model-file.ts';
import { loadMinilmTokenizer, type MinilmTokenizer } from './minilm-tokenizer.ts';

export const minilmDimensions = 384;

export interface MinilmBackendInit {
  readonly modelsDir: string;
  readonly layers: MinilmLayers;
  /** Threads that one run uses. */
  readonly intraOpThreads: number;
  readonly tokenizer?: MinilmTokenizer;
  /** Memory for vectors of recent texts. */
  readonly cacheBytes?: number;
}

/**
 * all-MiniLM-L6-v2, or its first layers, on ONNX Runtime: unit vectors of 384 numbers, texts cut to 256 tokens.
 * The vectors of one text are the same to about 1e-6 whatever else is in its batch. Concurrent calls share
 * batches and a cache; returned vectors are shared and must not be changed.
 */
export async function minilmBackend(init: MinilmBackendInit): Promise<ExpertBackend> {
  const name = `minilm-l${init.layers}`;
  const file = minilmModelFile(init.modelsDir, init.layers);
  const tokenizer = init.tokenizer ?? loadMinilmTokenizer();
  const session = await InferenceSession.create(file.path, {
    intraOpNumThreads: init.intraOpThreads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const queue = new EmbeddingQueue<readonly number[]>({
    name,
    prepare: (text) => tokenizer.encode(text),
    lengthOf: (ids) => ids.length,
    run: (batch) => runBatch(name, session, batch),
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

async function runBatch(
  name: string,
  session: InferenceSession,
  batch: readonly (readonly number[])[],
): Promise<Float32Array[]> {
  const width = Math.max(...batch.map((ids) => ids.length));
  const shape = [batch.length, width];
  const ids = new BigInt64Array(batch.length * width);
  const mask = new BigInt64Array(batch.length * width);
  for (const [row, tokens] of batch.entries()) {
    for (const [column, id] of tokens.entries()) ids[row * width + column] = BigInt(id);
    mask.fill(1n, row * width, row * width + tokens.length);
  }
  const outputs = await session.run({
    input_ids: new Tensor('int64', ids, shape),
    attention_mask: new Tensor('int64', mask, shape),
  });
  const data = outputs.sentence_embedding?.data;
  if (!(data instanceof Float32Array) || data.length !== batch.length * minilmDimensions)
    throw invalidOutput(name, 'the model file has another form. Delete it, and it is built again.');
  return batch.map((_, row) => data.slice(row * minilmDimensions, (row + 1) * minilmDimensions));
}
