import { float32FromBytes, signProjection } from '@market-of-experts/protocol';
import { testEditionListing } from '@market-of-experts/testing/test-edition';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEmbeddingsRequest } from '../../../src/tasks/embedding/embeddings-request.ts';
import { writeEmbeddingsResponse } from '../../../src/tasks/embedding/embeddings-response.ts';
import { shortened } from '../../../src/tasks/embedding/shortened.ts';
import { createSimulatedMarket } from '../../simulated-market.ts';

const market = createSimulatedMarket();
const account = market.authenticate(market.apiKey)!;
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, index) => sum + value * b[index]!, 0) /
  Math.hypot(...Array.from(a)) /
  Math.hypot(...Array.from(b));

async function answer(body: Record<string, unknown>, missing: readonly string[] = []) {
  const request = readEmbeddingsRequest(
    { model: 'text-embedding', ...body },
    { markets: market.markets(), maxInputs: 300 },
  );
  const served = await market.serve({ account, market: request.market.id, texts: request.texts });
  const answers = served.map((each) => ({ ...each, missing: missing as never }));
  return { request, answers, json: JSON.parse(await writeEmbeddingsResponse(request, answers)) };
}

describe('writeEmbeddingsResponse', () => {
  it('writes the same numbers as floats and as base64', async () => {
    const { answers, json } = await answer({ input: 'hello there' });
    expect(new Float32Array(json.data[0].embedding)).toEqual(float32FromBytes(answers[0]!.answer));
    const { json: packed } = await answer({ input: 'hello there', encoding_format: 'base64' });
    const bytes = Buffer.from(packed.data[0].embedding, 'base64');
    const decoded = Float32Array.from({ length: 384 }, (_, index) => bytes.readFloatLE(index * 4));
    expect(decoded).toEqual(float32FromBytes(answers[0]!.answer));
  });

  it('writes whole numbers in the same proportion, and a bit for each sign', async () => {
    const { answers, json } = await answer({ input: 'hello there', encoding_format: 'int8' });
    const vector = float32FromBytes(answers[0]!.answer);
    const { embedding } = json.data[0];
    expect(embedding).toHaveLength(384);
    expect(Math.max(...embedding.map(Math.abs))).toBe(127);
    expect(cosine(embedding, vector)).toBeGreaterThan(0.9999);
    const { json: bits } = await answer({ input: 'hello there', encoding_format: 'binary', dimensions: 128 });
    expect(bits.data[0].embedding).toHaveLength(16);
    const { json: floats } = await answer({ input: 'hello there', dimensions: 128 });
    const signs = bits.data[0].embedding.flatMap((byte: number) => [...byte.toString(2).padStart(8, '0')]);
    expect(signs).toEqual(floats.data[0].embedding.map((value: number) => (value > 0 ? '1' : '0')));
  });

  it('keeps the order of many texts and adds up tokens and fees', async () => {
    const input = Array.from({ length: 300 }, (_, index) => `text number ${index}`);
    const { answers, json } = await answer({ input, encoding_format: 'base64' });
    expect(json.data.map((item: { index: number }) => item.index)).toEqual(input.map((_, index) => index));
    expect(json.moe).toEqual({
      edition: 'text-embedding@1',
      missing: [],
      receipts: answers.map((a) => a.receiptId),
      feeMicro: (120n * 300n).toString(),
    });
    const tokens = answers.reduce((sum, { tokens }) => sum + tokens, 0);
    expect(json.usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens });
    expect(json).toMatchObject({ object: 'list', model: 'text-embedding' });
  });

  it('names the parts that are missing, text by text', async () => {
    const [part] = market.markets()[0]!.editions![0]!.parts;
    const { json } = await answer({ input: ['one', 'two'] }, [part!.id]);
    expect(json.moe.missing).toEqual([0, 1].map((index) => ({ index, id: part!.id, name: part!.name })));
  });
});

describe('a vector in fewer dimensions', () => {
  const edition = testEditionListing('text-embedding', [
    { name: 'words', dimensions: 300 },
    { name: 'grams', dimensions: 100 },
  ]);
  const vectors = fc.float32Array({ minLength: 400, maxLength: 400, noNaN: true, min: -1, max: 1 });

  it('has unit length, is the same whatever was asked for before, and says nearly the same of two texts', async () => {
    let error = 0;
    let pairs = 0;
    await fc.assert(
      fc.asyncProperty(vectors, vectors, fc.integer({ min: 64, max: 399 }), async (a, b, dimensions) => {
        const unit = (values: Float32Array): Float32Array => {
          values[0] = 1;
          const length = Math.hypot(...values);
          return values.map((value) => value / length);
        };
        const [one, two] = [unit(a), unit(b)];
        const short = await shortened(edition, one, dimensions);
        expect(short).toHaveLength(dimensions);
        expect(Math.hypot(...short)).toBeCloseTo(1, 5);
        expect(await shortened(edition, one, dimensions)).toEqual(short);
        const other = await shortened(edition, two, dimensions);
        error += (cosine(short, other) - cosine(one, two)) ** 2 * dimensions;
        pairs += 1;
      }),
    );
    // One over the root of the dimensions, for cosines around nothing.
    expect(error / pairs).toBeLessThan(2);
  });

  it('is the published projection, to the bit, whoever asks for more or less of it at the same time', async () => {
    const vector = Float32Array.from({ length: 400 }, (_, axis) => Math.sin(axis));
    const parts = edition.parts.map(({ modelVersion, dimensions }) => ({ name: modelVersion, dimensions }));
    const published = signProjection(parts, edition.projectionSeed, 256);
    const [few, many] = await Promise.all([64, 256].map((count) => shortened(edition, vector, count)));
    const length = Math.hypot(...many!);
    expect(many).toEqual(published(vector).map((value) => value / length));
    for (const [row, value] of few!.entries())
      expect(value / few![0]!).toBeCloseTo(many![row]! / many![0]!, 4);
  });

  it('holds nobody up, however large it is and however many ask', async () => {
    const large = testEditionListing('text-embedding', [
      { name: 'broad', dimensions: 4_096 },
      { name: 'wide', dimensions: 4_096 },
    ]);
    const vector = new Float32Array(8_192).fill(1 / 100);
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const asking = [1, 2, 3].map(() => shortened(large, vector, 2_048));
    const [first, ...rest] = await Promise.all(asking);
    isDone = true;
    for (const other of rest) expect(other).toEqual(first);
    // 16.8 million signs are drawn once, and added up three times.
    expect(turns).toBeGreaterThan(100);
  });

  it('is the vector itself in all dimensions', async () => {
    const vector = new Float32Array(400).fill(1 / 20);
    expect(await shortened(edition, vector, 400)).toBe(vector);
  });
});
