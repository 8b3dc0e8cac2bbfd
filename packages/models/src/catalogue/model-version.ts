import { createHash } from 'node:crypto';
import { type Hash, hashOf } from '@market-of-experts/core';
import { gramsIdfFile } from '../grams/grams-backend.ts';
import type { BackendSpec } from '../host/backend-spec.ts';
import { minilmSource } from '../minilm/minilm-source.ts';
import { tokenIdfFile } from '../minilm/token-idf.ts';
import { useLiteSource } from '../use-lite/use-lite-source.ts';
import { readBytes } from '../weight-file.ts';

/** An expert as far as its function goes. */
export interface NamedModel {
  readonly name: string;
  /** In its own space. */
  readonly native: BackendSpec;
  /** Numbers of its vectors. */
  readonly dimensions: number;
}

/**
 * Names the function that an expert is in its own space: with another model, another form of it, or other bytes in a file that it is
 * made of, it is another one. Throws `weights-missing` where such a file is not there.
 */
export function modelVersionOf({ name, native, dimensions }: NamedModel): Hash {
  return hashOf('moe/model/2', [name, dimensions, madeOf(native)]);
}

/**
 * How steady its vectors are (docs/decisions/0035-statements.md): plain arithmetic in a fixed order gives the same bits everywhere,
 * what a library sums up does not. Token vectors of `static` are made on this machine by such a library.
 */
export function runtimeClassOf(spec: BackendSpec): 'exact' | 'float32' {
  switch (spec.kind) {
    case 'lexical':
    case 'reference':
    case 'hashed-subword':
      return 'exact';
    default:
      return 'float32';
  }
}

/** All that changes a vector, and nothing of where the files lie or whom the model is asked from. */
function madeOf(spec: BackendSpec): readonly unknown[] {
  switch (spec.kind) {
    case 'minilm':
      return [spec.kind, spec.layers, minilmHashes];
    case 'minilm-layer':
      return [spec.kind, spec.layer, minilmHashes, fileHash(tokenIdfFile)];
    case 'static':
      return [spec.kind, minilmHashes];
    case 'residual':
      return [spec.kind, minilmHashes, fileHash(spec.weightsFile)];
    case 'hashed-subword':
      return [spec.kind, fileHash(spec.weightsFile)];
    case 'lexical':
      return [spec.kind];
    case 'grams':
      return [spec.kind, spec.dimensions, fileHash(gramsIdfFile)];
    case 'use-lite':
      return [spec.kind, useLiteSource.files.map(({ sha256 }) => sha256)];
    case 'reference':
      return [spec.kind, spec.encoder];
    case 'openai':
      return [spec.kind, spec.model];
    case 'transformers':
      return [spec.kind, spec.model, spec.pooling ?? 'mean'];
    case 'whitened':
      return [spec.kind, madeOf(spec.backend), fileHash(spec.whiteningFile)];
    case 'aligned':
      return [spec.kind, madeOf(spec.backend), fileHash(spec.alignmentFile)];
  }
}

/** Weights and tokenizer: each is checked against its hash where it is read. */
const minilmHashes = Object.values(minilmSource.files).map(({ sha256 }) => sha256);

function fileHash(path: string): string {
  return createHash('sha256').update(readBytes(path)).digest('hex');
}
