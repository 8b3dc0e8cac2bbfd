import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { MoeError } from '@market-of-experts/core';
import type { ExpertBackend } from '@market-of-experts/models';

export interface EncodeInit {
  readonly backend: ExpertBackend;
  readonly texts: readonly string[];
  /** What has been encoded is kept here, so that an interrupted encoding goes on where it was. */
  readonly cacheFile: string;
  /** Texts in one request: small, so that the model has time for others in between. */
  readonly batchTexts: number;
  readonly signal?: AbortSignal | undefined;
  readonly onBatch?: ((done: number, total: number) => void) | undefined;
}

const checksumBytes = 32;

/**
 * The unit vectors of the texts by the base model, row by row. Rejects with the backend's errors,
 * `backend-invalid-output`, or the signal's reason.
 */
export async function encodeTexts(init: EncodeInit): Promise<Float32Array> {
  const { backend, texts, batchTexts } = init;
  const size = backend.dimensions;
  const vectors = new Float32Array(texts.length * size);
  const batches = Math.ceil(texts.length / batchTexts);
  mkdirSync(dirname(init.cacheFile), { recursive: true });
  const cache = openSync(init.cacheFile, 'a+', 0o644);
  try {
    let done = restore(init.cacheFile, vectors, batchTexts * size);
    ftruncateSync(cache, done * (batchTexts * size * Float32Array.BYTES_PER_ELEMENT + checksumBytes));
    init.onBatch?.(done, batches);
    for (; done < batches; init.onBatch?.(done, batches)) {
      init.signal?.throwIfAborted();
      const start = done * batchTexts;
      const found = await backend.embed(
        texts.slice(start, start + batchTexts),
        init.signal === undefined ? {} : { signal: init.signal },
      );
      for (const [row, vector] of found.entries()) vectors.set(unit(vector, backend), (start + row) * size);
      done += 1;
      if (done < batches) append(cache, vectors.subarray(start * size, (start + batchTexts) * size));
    }
    return vectors;
  } finally {
    closeSync(cache);
  }
}

/** Fills in the batches of the cache whose checksums are right and returns their number. */
function restore(path: string, vectors: Float32Array, batchNumbers: number): number {
  const bytes = readFileSync(path);
  const batchBytes = batchNumbers * Float32Array.BYTES_PER_ELEMENT;
  const target = Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  let done = 0;
  for (let at = 0; at + batchBytes + checksumBytes <= bytes.length; at += batchBytes + checksumBytes) {
    const batch = bytes.subarray(at, at + batchBytes);
    const checksum = createHash('sha256').update(batch).digest();
    if (!checksum.equals(bytes.subarray(at + batchBytes, at + batchBytes + checksumBytes))) break;
    if ((done + 1) * batchBytes > target.length) break;
    batch.copy(target, done * batchBytes);
    done += 1;
  }
  return done;
}

function append(cache: number, batch: Float32Array): void {
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength);
  const record = Buffer.concat([bytes, createHash('sha256').update(bytes).digest()]);
  let written = 0;
  while (written < record.length) written += writeSync(cache, record, written);
}

function unit(vector: Float32Array, backend: ExpertBackend): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (vector.length !== backend.dimensions || !Number.isFinite(squares) || squares === 0)
    throw new MoeError(
      'backend-invalid-output',
      `"${backend.name}" gave a vector that cannot be trained on (${vector.length} numbers, squares ${squares}).`,
    );
  const length = Math.sqrt(squares);
  return vector.map((value) => value / length);
}
