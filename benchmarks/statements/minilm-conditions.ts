import { minilmDimensions, openMinilmSession } from '@market-of-experts/models/minilm/minilm-session';
import { loadMinilmTokenizer } from '@market-of-experts/models/minilm/minilm-tokenizer';

/** How a server may run the same model from one request to the next. */
interface MinilmCondition {
  readonly name: string;
  readonly threads: number;
  readonly batch: number;
  /** Order in which texts are put into batches: other mates, and other padding. */
  readonly order?: 'as-given' | 'shuffled' | 'by-length';
  /** A text of the model's full window is in every batch: all others are padded to it. */
  readonly isPadded?: boolean;
  /** Tokens after which texts are cut; the model's own 256 by default. */
  readonly window?: number;
}

export const minilmReference: MinilmCondition = { name: '1 thread, each text alone', threads: 1, batch: 1 };

export const minilmConditions: readonly MinilmCondition[] = [
  { name: 'again', threads: 1, batch: 1 },
  { name: '2 threads', threads: 2, batch: 1 },
  { name: 'batches of 8', threads: 1, batch: 8 },
  { name: 'batches of 32', threads: 1, batch: 32 },
  { name: 'batches of 8, other mates', threads: 1, batch: 8, order: 'shuffled' },
  { name: 'batches of 32 of like length, 2 threads', threads: 2, batch: 32, order: 'by-length' },
  { name: 'batches of 8, padded to the full window', threads: 1, batch: 8, isPadded: true },
  { name: 'window of 64 tokens for 256', threads: 1, batch: 1, window: 64 },
];

/** Unit vectors of the texts, in their order, as a server in that condition would give them. */
export async function encodeUnder(
  { threads, batch, order, isPadded, window }: MinilmCondition,
  modelsDir: string,
  texts: readonly string[],
): Promise<Float32Array[]> {
  const tokenizer = loadMinilmTokenizer();
  const inputs = texts.map((text) => cut(tokenizer.encode(text), window ?? 256));
  const session = await openMinilmSession(modelsDir, 6, threads);
  const vectors: Float32Array[] = [];
  const places = placesIn(order ?? 'as-given', inputs);
  for (let start = 0; start < places.length; start += batch) {
    const taken = places.slice(start, start + batch);
    const full = tokenizer.encode('word '.repeat(300));
    const rows = await session.run([...taken.map((place) => inputs[place]!), ...(isPadded ? [full] : [])]);
    for (const [row, place] of taken.entries()) vectors[place] = rows[row]!.slice(0, minilmDimensions);
  }
  await session.release();
  return vectors;
}

function cut(ids: readonly number[], window: number): readonly number[] {
  return ids.length <= window ? ids : [...ids.slice(0, window - 1), ids.at(-1)!];
}

function placesIn(
  order: 'as-given' | 'shuffled' | 'by-length',
  inputs: readonly (readonly number[])[],
): number[] {
  const places = inputs.map((_, place) => place);
  if (order === 'by-length') return places.sort((a, b) => inputs[a]!.length - inputs[b]!.length);
  // 37 has no divisor in common with the number of texts below.
  return order === 'shuffled' ? places.map((place) => (place * 37 + 11) % places.length) : places;
}
