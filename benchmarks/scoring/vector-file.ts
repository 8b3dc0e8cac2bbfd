import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { sha256 } from '@market-of-experts/core';

const keyBytes = 16;
const batchTexts = 64;
const encoder = new TextEncoder();

const keyOf = (text: string): string =>
  Buffer.from(sha256(encoder.encode(text)).subarray(0, keyBytes)).toString('hex');

export interface EncodeInit {
  /** Where vectors are kept between runs: records of the text's hash and its numbers. Named after the model's hash. */
  readonly file: string;
  readonly dimensions: number;
  readonly texts: readonly string[];
  readonly embed: (texts: readonly string[]) => Promise<Float32Array[]>;
  /** Called with the number of texts that are done. */
  readonly onProgress: (texts: number) => void;
}

/** Native vectors of the texts, in their order; each text is encoded once in the life of the file. */
export async function encodeOnce(init: EncodeInit): Promise<Float32Array[]> {
  const { file, dimensions, texts, embed, onProgress } = init;
  const known = readVectors(file, dimensions);
  const keys = texts.map(keyOf);
  // Texts of one length together: less padding in a batch.
  const missing = [...new Set(texts.filter((_, index) => !known.has(keys[index]!)))].sort(
    (a, b) => a.length - b.length,
  );
  onProgress(texts.length - missing.length);
  mkdirSync(dirname(file), { recursive: true });
  for (let start = 0; start < missing.length; start += batchTexts) {
    const batch = missing.slice(start, start + batchTexts);
    const vectors = await embed(batch);
    const records = batch.map((text, index) => {
      const vector = vectors[index]!;
      known.set(keyOf(text), vector);
      return Buffer.concat([
        Buffer.from(keyOf(text), 'hex'),
        Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength),
      ]);
    });
    appendFileSync(file, Buffer.concat(records));
    onProgress(batch.length);
  }
  return keys.map((key) => known.get(key)!);
}

function readVectors(file: string, dimensions: number): Map<string, Float32Array> {
  const vectors = new Map<string, Float32Array>();
  if (!existsSync(file)) return vectors;
  const bytes = readFileSync(file);
  const recordBytes = keyBytes + 4 * dimensions;
  const records = Math.floor(bytes.length / recordBytes);
  // A run that was stopped may have left half a record.
  if (records * recordBytes < bytes.length) truncateSync(file, records * recordBytes);
  for (let record = 0; record < records; record += 1) {
    const start = bytes.byteOffset + record * recordBytes;
    const key = bytes.subarray(record * recordBytes, record * recordBytes + keyBytes).toString('hex');
    vectors.set(key, new Float32Array(bytes.buffer.slice(start + keyBytes, start + recordBytes)));
  }
  return vectors;
}
