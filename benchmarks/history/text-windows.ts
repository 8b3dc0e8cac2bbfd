import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { catalogue, createModelHost } from '@market-of-experts/models';
import { progressBar } from '../scoring/progress.ts';
import { realTexts } from './real-texts.ts';

export const dimensions = 384;
const folder = join(import.meta.dirname, '../../.bench/history');
const batchTexts = 512;

export interface WindowVectors {
  /** `count × 384` int8 numbers, row by row: unit vectors times 127. */
  readonly indexed: Int8Array;
  /** The same of windows of other documents. */
  readonly queries: Int8Array;
}

/**
 * Vectors of `count` of the {@link realTexts} by the catalogue's `static` expert, and of
 * `queries` texts of other documents. Made once and kept under `.bench/history`; a smaller count is a prefix of a
 * larger one.
 */
export async function windowVectors(count: number, queries: number): Promise<WindowVectors> {
  return { indexed: await vectorsOf('indexed', count), queries: await vectorsOf('queries', queries) };
}

async function vectorsOf(name: 'indexed' | 'queries', count: number): Promise<Int8Array> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.i8`);
  const done = existsSync(file) ? Math.floor(statSync(file).size / dimensions) : 0;
  if (done > 0) truncateSync(file, done * dimensions);
  if (done < count) await encodeInto(file, name, done, count);
  const bytes = readFileSync(file);
  return new Int8Array(bytes.buffer, bytes.byteOffset, count * dimensions);
}

async function encodeInto(
  file: string,
  name: 'indexed' | 'queries',
  done: number,
  count: number,
): Promise<void> {
  const texts = textsOf(name);
  if (texts.length < count)
    throw new Error(
      `There are ${texts.length} texts (${name}) on this machine; ask for no more with --records.`,
    );
  const host = createModelHost({ modelsDir: join(folder, '../models') });
  try {
    const backend = await host.open(catalogue.find(({ name }) => name === 'static')!.native);
    const tick = progressBar(`encoding texts (${name})`, count - done);
    for (let first = done; first < count; first += batchTexts) {
      const batch = texts.slice(first, Math.min(first + batchTexts, count));
      const vectors = await backend.embed(batch);
      appendFileSync(file, Buffer.concat(vectors.map(toInt8)));
      tick(batch.length);
    }
  } finally {
    await host.close();
  }
}

/** Kept beside the vectors, so that a run goes on with the same texts when packages were installed meanwhile. */
function textsOf(name: 'indexed' | 'queries'): string[] {
  const file = (of: string): string => join(folder, `${of}.txt`);
  if (!existsSync(file(name))) {
    const { indexed, queries, documents, words } = realTexts();
    writeFileSync(file('indexed'), indexed.join('\n'));
    writeFileSync(file('queries'), queries.join('\n'));
    console.error(`${indexed.length} windows of ${words} words of ${documents} documents`);
  }
  return readFileSync(file(name), 'utf8').split('\n');
}

function toInt8(vector: Float32Array): Uint8Array {
  return new Uint8Array(Int8Array.from(vector, (value) => Math.round(127 * value)).buffer);
}
