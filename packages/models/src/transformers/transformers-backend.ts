import { MoeError, messageOf } from '@market-of-experts/core';
import type { ExpertBackend } from '../backend.ts';
import { invalidOutput, requestAborted } from '../backend-errors.ts';
import { turnOffOnnxTelemetry } from '../onnx-telemetry.ts';

/** A feature-extraction model of the Hugging Face hub, or one in a local folder. */
export interface TransformersBackendInit {
  /** Catalogue name of the expert. */
  readonly name: string;
  /** Name on the hub, e.g. `Xenova/all-MiniLM-L6-v2`, or a folder below `modelFolder`. */
  readonly model: string;
  readonly pooling?: 'mean' | 'cls';
  /** Where local models lie. With it nothing is downloaded. */
  readonly modelFolder?: string;
}

/** As much of Transformers.js as is used here; the package is optional. */
interface TransformersModule {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  pipeline(
    task: 'feature-extraction',
    model: string,
    options: { readonly dtype: 'fp32' },
  ): Promise<Extractor>;
}
interface Extractor {
  (
    texts: readonly string[],
    options: { readonly pooling: 'mean' | 'cls'; readonly normalize: true },
  ): Promise<{ readonly data: ArrayLike<number>; readonly dims: readonly number[] }>;
  dispose(): Promise<unknown>;
}

const packageName = '@huggingface/transformers';
const maxBatch = 32;

/** Imports Transformers.js, which is not installed by default (474 MB). Throws `backend-missing`. */
async function loadTransformers(): Promise<TransformersModule> {
  turnOffOnnxTelemetry();
  try {
    return (await import(packageName)) as TransformersModule;
  } catch (cause) {
    throw new MoeError(
      'backend-missing',
      `Models of the Hugging Face hub need the optional package ${packageName}. ` +
        `Install it with: npm install ${packageName}@4`,
      { cause },
    );
  }
}

/**
 * A model run by Transformers.js in fp32; unit vectors. Rejects with `backend-missing` when the package is
 * not installed and with `backend-unavailable` when the model cannot be loaded.
 */
export async function transformersBackend(
  init: TransformersBackendInit,
  load: () => Promise<TransformersModule> = loadTransformers,
): Promise<ExpertBackend> {
  const { name, model, pooling = 'mean', modelFolder } = init;
  const { env, pipeline } = await load();
  if (modelFolder !== undefined) {
    env.allowRemoteModels = false;
    env.localModelPath = modelFolder;
  }
  let extractor: Extractor;
  try {
    extractor = await pipeline('feature-extraction', model, { dtype: 'fp32' });
  } catch (cause) {
    throw new MoeError(
      'backend-unavailable',
      `The model "${model}" cannot be loaded: ${messageOf(cause)} Check its name and the connection.`,
      { cause },
    );
  }
  const run = async (texts: readonly string[]): Promise<Float32Array[]> => {
    const { data, dims } = await extractor(texts, { pooling, normalize: true });
    const [rows, size] = dims;
    if (dims.length !== 2 || rows !== texts.length || size === undefined || data.length !== rows * size)
      throw invalidOutput(name, `its shape is [${dims.join(', ')}] for ${texts.length} texts.`);
    return texts.map((_, row) => Float32Array.from({ length: size }, (_, axis) => data[row * size + axis]!));
  };
  const [probe] = await run(['dimension']);
  return {
    name,
    dimensions: probe!.length,
    embed: async (texts, options) => {
      const vectors: Float32Array[] = [];
      for (let start = 0; start < texts.length; start += maxBatch) {
        if (options?.signal?.aborted) throw requestAborted();
        vectors.push(...(await run(texts.slice(start, start + maxBatch))));
      }
      return vectors;
    },
    close: async () => {
      await extractor.dispose();
    },
  };
}
