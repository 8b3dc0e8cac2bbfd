import { messageOf, textOf } from '@market-of-experts/core';
import { invalidOutput } from '../backend-errors.ts';

/**
 * The vectors of an answer of `/v1/embeddings`, in the order of the texts, whether they came as arrays of
 * numbers or as base64 of little-endian float32. Checked by hand, for this is the hot path. Throws
 * `backend-invalid-output` unless there is exactly one finite vector of `dimensions` numbers per text
 * (`dimensions` undefined: of any one length).
 */
export function parseEmbeddings(
  name: string,
  body: Buffer,
  count: number,
  dimensions: number | undefined,
): Float32Array[] {
  const data = dataOf(name, body);
  if (data.length !== count) throw invalidOutput(name, `${data.length} vectors for ${count} texts.`);
  const vectors = new Array<Float32Array | undefined>(count).fill(undefined);
  let expected = dimensions;
  for (let place = 0; place < count; place++) {
    const item = data[place] as { index?: unknown; embedding?: unknown } | null;
    if (typeof item !== 'object' || item === null)
      throw invalidOutput(name, 'an entry of "data" is no object.');
    const index = item.index === undefined ? place : item.index;
    if (typeof index !== 'number' || !(index in vectors) || vectors[index] !== undefined)
      throw invalidOutput(name, `the index ${String(index)} is wrong or occurs twice.`);
    const vector = vectorOf(name, item.embedding);
    expected ??= vector.length;
    if (vector.length !== expected || vector.length === 0)
      throw invalidOutput(name, `a vector of ${vector.length} numbers where ${expected} are due.`);
    for (let axis = 0; axis < vector.length; axis++)
      if (!Number.isFinite(vector[axis])) throw invalidOutput(name, 'a number in a vector is not finite.');
    vectors[index] = vector;
  }
  return vectors as Float32Array[];
}

function dataOf(name: string, body: Buffer): readonly unknown[] {
  let answer: unknown;
  try {
    answer = JSON.parse(textOf(body));
  } catch (error) {
    throw invalidOutput(name, `it is not JSON (${messageOf(error).slice(0, 100)}).`);
  }
  const data = (answer as { data?: unknown } | null)?.data;
  if (!Array.isArray(data)) throw invalidOutput(name, 'it has no array "data".');
  return data;
}

function vectorOf(name: string, embedding: unknown): Float32Array {
  if (typeof embedding === 'string') {
    const bytes = Buffer.from(embedding, 'base64');
    if (bytes.length % 4 !== 0) throw invalidOutput(name, 'the base64 of a vector is cut short.');
    const vector = new Float32Array(bytes.length / 4);
    new Uint8Array(vector.buffer).set(bytes);
    return vector;
  }
  if (!Array.isArray(embedding)) throw invalidOutput(name, 'an entry has no "embedding".');
  // `Float32Array.from` would take "1", null and [2] for numbers.
  for (const value of embedding)
    if (typeof value !== 'number') throw invalidOutput(name, 'a vector holds something that is no number.');
  return Float32Array.from(embedding as number[]);
}
