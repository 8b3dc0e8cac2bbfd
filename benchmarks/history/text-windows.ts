import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue, createModelHost, marketSpec } from '@moe/experts';
import { drawDistinct, drawStream } from '@moe/protocol';
import { evaluationParagraphs, readCorpus } from '@moe/training';
import { progressBar } from '../scoring/progress.ts';

export const dimensions = 384;
const folder = join(import.meta.dirname, '../../.bench/history');
const batchTexts = 512;
const heldOutParagraphs = 2_000;
const leastWords = 8;
const mostWords = 40;

export interface WindowVectors {
  /** `count × 384` int8 numbers, row by row: unit vectors times 127. */
  readonly indexed: Int8Array;
  /** The same of windows of other documents. */
  readonly queries: Int8Array;
}

/**
 * Vectors of `count` windows of real text (8 to 40 words at a random place of a paragraph, eleven kinds of text) by
 * the catalogue's `static` expert in the market's space, and of `queries` windows of documents that are not among
 * them. Made once and kept under `.bench/history`; a smaller count is a prefix of a larger one.
 */
export async function windowVectors(count: number, queries: number): Promise<WindowVectors> {
  const held = evaluationParagraphs({ limit: heldOutParagraphs });
  const heldDocuments = new Set(held.map(({ documentId }) => documentId));
  const indexedTexts = readCorpus()
    .filter(({ documentId }) => !heldDocuments.has(documentId))
    .map(({ text }) => text);
  return {
    indexed: await vectorsOf('indexed', indexedTexts, count),
    queries: await vectorsOf(
      'queries',
      held.map(({ text }) => text),
      queries,
    ),
  };
}

async function vectorsOf(name: string, paragraphs: readonly string[], count: number): Promise<Int8Array> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.i8`);
  const done = existsSync(file) ? Math.floor(statSync(file).size / dimensions) : 0;
  if (done > 0) truncateSync(file, done * dimensions);
  if (done < count) await encodeInto(file, name, paragraphs, done, count);
  const bytes = readFileSync(file);
  return new Int8Array(bytes.buffer, bytes.byteOffset, count * dimensions);
}

async function encodeInto(
  file: string,
  name: string,
  paragraphs: readonly string[],
  done: number,
  count: number,
): Promise<void> {
  const host = createModelHost({ modelsDir: join(folder, '../models') });
  try {
    const backend = await host.open(marketSpec(catalogue.find((expert) => expert.name === 'static')!));
    const tick = progressBar(`encoding windows (${name})`, count - done);
    let batch: string[] = [];
    let place = 0;
    for (const text of windowsOf(name, paragraphs, count)) {
      place += 1;
      if (place <= done) continue;
      batch.push(text);
      if (batch.length < batchTexts && place < count) continue;
      const vectors = await backend.embed(batch);
      appendFileSync(file, Buffer.concat(vectors.map(toInt8)));
      tick(batch.length);
      batch = [];
    }
  } finally {
    await host.close();
  }
}

/** One window of each paragraph after the other, again and again, always the same ones. */
function* windowsOf(seed: string, paragraphs: readonly string[], count: number): Generator<string> {
  const stream = drawStream(seed, 'windows');
  const order = [...drawDistinct(stream, paragraphs.length, paragraphs.length)];
  const segmenter = new Intl.Segmenter('en', { granularity: 'word' });
  const words = order.map((index) => wordStarts(segmenter, paragraphs[index]!));
  for (let made = 0; made < count; made += 1) {
    const at = made % order.length;
    const starts = words[at]!;
    const length = Math.min(leastWords + stream.below(mostWords - leastWords + 1), starts.length - 1);
    const first = stream.below(starts.length - length);
    yield paragraphs[order[at]!]!.slice(starts[first]!, starts[first + length]!).trim();
  }
}

/** Where each word begins, and the end of the text. */
function wordStarts(segmenter: Intl.Segmenter, text: string): Uint16Array {
  const starts = [...segmenter.segment(text)].flatMap(({ index, isWordLike }) => (isWordLike ? [index] : []));
  return Uint16Array.of(...starts, text.length);
}

function toInt8(vector: Float32Array): Uint8Array {
  return new Uint8Array(Int8Array.from(vector, (value) => Math.round(127 * value)).buffer);
}
