import { float32FromBytes } from '@market-of-experts/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEmbeddingsRequest } from '../../../src/tasks/embedding/embeddings-request.ts';
import { shorten, writeEmbeddingsResponse } from '../../../src/tasks/embedding/embeddings-response.ts';
import { createSimulatedMarket } from '../../simulated-market.ts';

const market = createSimulatedMarket();
const account = market.authenticate(market.apiKey)!;

async function answer(body: Record<string, unknown>) {
  const request = readEmbeddingsRequest(
    { model: 'text-embedding', ...body },
    { markets: market.markets(), maxInputs: 300 },
  );
  const answers = await market.serve({ account, market: request.market.id, texts: request.texts });
  return { answers, json: JSON.parse(await writeEmbeddingsResponse(request, answers)) };
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

  it('keeps the order of many texts and adds up tokens and fees', async () => {
    const input = Array.from({ length: 300 }, (_, index) => `text number ${index}`);
    const { answers, json } = await answer({ input, encoding_format: 'base64' });
    expect(json.data.map((item: { index: number }) => item.index)).toEqual(input.map((_, index) => index));
    expect(json.moe).toEqual({
      receipts: answers.map((a) => a.receiptId),
      feeMicro: (120n * 300n).toString(),
    });
    const tokens = answers.reduce((sum, { tokens }) => sum + tokens, 0);
    expect(json.usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens });
    expect(json).toMatchObject({ object: 'list', model: 'text-embedding' });
  });
});

describe('shorten', () => {
  it('keeps the direction of the prefix and gives unit length', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 384, maxLength: 384, noNaN: true, min: -1, max: 1 }),
        fc.integer({ min: 64, max: 383 }),
        (values, dimensions) => {
          const vector = Float32Array.from(values);
          vector[0] = 1;
          const short = shorten(vector, dimensions);
          expect(short.length).toBe(dimensions);
          expect(Math.hypot(...short)).toBeCloseTo(1, 5);
          expect(short[1]! / short[0]!).toBeCloseTo(vector[1]! / vector[0]!, 4);
        },
      ),
    );
  });

  it('leaves a full vector as it is and a zero prefix at zero', () => {
    const vector = new Float32Array([0, 0, 1]);
    expect(shorten(vector, 3)).toBe(vector);
    expect(shorten(vector, 2)).toEqual(new Float32Array(2));
  });
});
