import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadMinilmTokenizer } from '@market-of-experts/models/minilm/minilm-tokenizer';
import { type Differences, differencesOf } from './differences.ts';
import { type GgufWeights, writeMinilmGguf } from './minilm-gguf.ts';

/** What is used here of `node-llama-cpp`, which is no dependency of the project. */
interface LlamaModule {
  getLlama(options: object): Promise<{
    loadModel(options: { modelPath: string; defaultContextFlashAttention?: boolean }): Promise<{
      createEmbeddingContext(options: { contextSize: number; batchSize: number; threads: number }): Promise<{
        getEmbeddingFor(tokens: number[]): Promise<{ vector: readonly number[] }>;
        dispose(): Promise<void>;
      }>;
      dispose(): Promise<void>;
    }>;
  }>;
}

interface LlamaRun {
  readonly weights: GgufWeights;
  readonly threads: number;
  readonly batchSize: number;
  readonly flashAttention?: boolean;
}

interface LlamaRow {
  readonly condition: string;
  readonly differences: Differences;
}

/**
 * MiniLM on the llama.cpp of a folder in which `node-llama-cpp` is installed: against ONNX (the same weights and tokens), and
 * against itself under other threads, batch sizes and attention kernels.
 */
export async function* llamaConditions(
  folder: string,
  onnx: readonly Float32Array[],
  texts: readonly string[],
): AsyncGenerator<LlamaRow> {
  const encode = await openLlama(folder, texts);
  const plain: LlamaRun = { weights: 'F32', threads: 1, batchSize: 512 };
  const reference = await encode(plain);
  yield { condition: 'F32, to ONNX fp32', differences: differencesOf(onnx, reference) };
  yield { condition: 'F32, again', differences: differencesOf(reference, await encode(plain)) };
  yield {
    condition: 'F32, batch size 300',
    differences: differencesOf(reference, await encode({ ...plain, batchSize: 300 })),
  };
  yield {
    condition: 'F32, flash attention',
    differences: differencesOf(reference, await encode({ ...plain, flashAttention: true })),
  };
  for (const weights of ['F16', 'Q8_0'] as const) {
    const other = await encode({ ...plain, weights });
    yield { condition: `${weights}, to F32`, differences: differencesOf(reference, other) };
  }
  yield {
    condition: 'F32, 2 threads',
    differences: differencesOf(reference, await encode({ ...plain, threads: 2 })),
  };
}

async function openLlama(
  folder: string,
  texts: readonly string[],
): Promise<(run: LlamaRun) => Promise<Float32Array[]>> {
  const entry = createRequire(join(folder, 'package.json')).resolve('node-llama-cpp');
  const { getLlama } = (await import(pathToFileURL(entry).href)) as LlamaModule;
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' });
  const tokenizer = loadMinilmTokenizer();
  const inputs = texts.map((text) => [...tokenizer.encode(text)]);
  const models = join(folder, 'models');
  mkdirSync(models, { recursive: true });
  return async ({ weights, threads, batchSize, flashAttention = false }) => {
    const modelPath = join(models, `minilm-l6-${weights}.gguf`);
    writeMinilmGguf(modelPath, weights);
    const model = await llama.loadModel({ modelPath, defaultContextFlashAttention: flashAttention });
    const context = await model.createEmbeddingContext({ contextSize: 512, batchSize, threads });
    const vectors: Float32Array[] = [];
    for (const ids of inputs) vectors.push(unit((await context.getEmbeddingFor(ids)).vector));
    await context.dispose();
    await model.dispose();
    return vectors;
  };
}

function unit(vector: readonly number[]): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return Float32Array.from(vector, (value) => value / length);
}
