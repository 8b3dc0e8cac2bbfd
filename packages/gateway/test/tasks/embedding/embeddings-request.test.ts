import { isMoeError, MoeError } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEmbeddingsRequest } from '../../../src/tasks/embedding/embeddings-request.ts';
import { createSimulatedMarket } from '../../simulated-market.ts';

const [served] = createSimulatedMarket().markets();
const { editions: _, ...unserved } = served!;
const elsewhere = { ...unserved, id: 'elsewhere' as typeof unserved.id, aliases: ['elsewhere'] };
const markets = [served!, elsewhere];
const read = (body: unknown) => readEmbeddingsRequest(body, { markets, maxInputs: 4 });
const valid = { model: 'text-embedding', input: 'hello world' };

function refusal(body: unknown): { code: string; param: unknown; message: string } {
  try {
    read(body);
  } catch (error) {
    if (error instanceof MoeError)
      return { code: error.code, param: error.metadata.param, message: error.message };
  }
  throw new Error('the body was accepted');
}

describe('readEmbeddingsRequest', () => {
  it('reads a single text with the defaults', () => {
    expect(read(valid)).toMatchObject({
      texts: ['hello world'],
      isSingle: true,
      encoding: 'float',
      dimensions: 384,
      maxFeeMicro: undefined,
    });
  });

  it('finds a market by its alias', () => {
    expect(read({ ...valid, model: 'text-embedding-3-small' }).market.id).toBe('text-embedding');
  });

  it('finds an edition by its name, of a market by an alias too, and else the one in force', () => {
    for (const model of ['text-embedding', 'text-embedding@1', 'text-embedding-3-small@1'])
      expect(read({ ...valid, model }).edition.name).toBe('text-embedding@1');
  });

  it('reads what the texts are for, and whether a part may be missing', () => {
    expect(read({ ...valid, input_type: 'query' }).isStrict).toBe(false);
    expect(read({ ...valid, input_type: 'document', moe: { strict: true } }).isStrict).toBe(true);
  });

  it('takes null for an optional field, as OpenAI does', () => {
    expect(read({ ...valid, encoding_format: null, dimensions: null, user: null }).dimensions).toBe(384);
  });

  it.each([
    [0.000_12, 120n],
    ['1.25', 1_250_000n],
    [3, 3_000_000n],
  ])('reads a fee of %s credits', (maxFeeCredits, micro) => {
    expect(read({ ...valid, moe: { maxFeeCredits } }).maxFeeMicro).toBe(micro);
  });

  it.each([
    ['no object', 'text', 'invalid-request', 'body'],
    ['an array', [valid], 'invalid-request', 'body'],
    ['nothing', undefined, 'invalid-request', 'body'],
    ['no model', { input: 'x' }, 'invalid-request', 'model'],
    ['an unknown edition', { ...valid, model: 'text-embedding@2' }, 'unknown-edition', 'model'],
    ['an edition 0', { ...valid, model: 'text-embedding@0' }, 'unknown-edition', 'model'],
    ['an edition of an unknown model', { ...valid, model: 'gpt-9@1' }, 'unknown-market', 'model'],
    ['no number of an edition', { ...valid, model: 'text-embedding@one' }, 'unknown-market', 'model'],
    ['a model that is not served', { ...valid, model: 'elsewhere' }, 'market-not-served', 'model'],
    ['an unknown model', { ...valid, model: 'gpt-9' }, 'unknown-market', 'model'],
    ['no input', { model: 'text-embedding' }, 'invalid-request', 'input'],
    ['a number', { ...valid, input: 3 }, 'invalid-request', 'input'],
    ['an empty text', { ...valid, input: '' }, 'invalid-request', 'input'],
    ['only blanks', { ...valid, input: ' \n\t' }, 'invalid-request', 'input'],
    ['an empty array', { ...valid, input: [] }, 'invalid-request', 'input'],
    ['an empty text in an array', { ...valid, input: ['a', ''] }, 'invalid-request', 'input[1]'],
    ['only blanks in an array of one', { ...valid, input: [' '] }, 'invalid-request', 'input[0]'],
    [
      'half a surrogate pair in an array',
      { ...valid, input: ['a', '\ud800'] },
      'invalid-request',
      'input[1]',
    ],
    [
      'a text that is too long in an array',
      { ...valid, input: ['a', 'b', 'x'.repeat(32 * 1024 + 1)] },
      'input-too-large',
      'input[2]',
    ],
    ['null in an array', { ...valid, input: ['a', null] }, 'invalid-request', 'input[1]'],
    ['an object in an array', { ...valid, input: ['a', 'b', {}] }, 'invalid-request', 'input[2]'],
    ['tokens', { ...valid, input: [1, 2] }, 'invalid-request', 'input[0]'],
    ['a token after a text', { ...valid, input: ['a', 7] }, 'invalid-request', 'input[1]'],
    ['too many texts', { ...valid, input: ['a', 'b', 'c', 'd', 'e'] }, 'input-too-large', 'input'],
    ['a text that is too long', { ...valid, input: 'x'.repeat(32 * 1024 + 1) }, 'input-too-large', 'input'],
    ['too many bytes in few letters', { ...valid, input: '日'.repeat(11_000) }, 'input-too-large', 'input'],
    ['half a surrogate pair', { ...valid, input: 'a\ud800b' }, 'invalid-request', 'input'],
    ['an unknown encoding', { ...valid, encoding_format: 'hex' }, 'invalid-request', 'encoding_format'],
    ['too few dimensions', { ...valid, dimensions: 63 }, 'invalid-request', 'dimensions'],
    ['too many dimensions', { ...valid, dimensions: 385 }, 'invalid-request', 'dimensions'],
    ['half a dimension', { ...valid, dimensions: 100.5 }, 'invalid-request', 'dimensions'],
    ['no dimensions', { ...valid, dimensions: 0 }, 'invalid-request', 'dimensions'],
    ['minus one dimension', { ...valid, dimensions: -1 }, 'invalid-request', 'dimensions'],
    [
      'bits that fill no byte',
      { ...valid, encoding_format: 'binary', dimensions: 100 },
      'invalid-request',
      'dimensions',
    ],
    ['an unknown input type', { ...valid, input_type: 'title' }, 'invalid-request', 'input_type'],
    ['a delivery', { ...valid, moe: { delivery: 'winner' } }, 'unknown-parameter', 'moe.delivery'],
    ['a mode of before', { ...valid, moe: { mode: 'route' } }, 'invalid-request', 'moe.mode'],
    ['an unknown field', { ...valid, colour: 'red' }, 'unknown-parameter', 'colour'],
    ['an unknown field under moe', { ...valid, moe: { speed: 1 } }, 'unknown-parameter', 'moe.speed'],
    ['an unknown mode', { ...valid, moe: { mode: 'fast' } }, 'invalid-request', 'moe.mode'],
    ['a negative fee', { ...valid, moe: { maxFeeCredits: -1 } }, 'invalid-request', 'moe.maxFeeCredits'],
    ['a fee in words', { ...valid, moe: { maxFeeCredits: 'two' } }, 'invalid-request', 'moe.maxFeeCredits'],
    [
      'a prototype',
      JSON.parse('{"model":"text-embedding","input":"x","__proto__":{"a":1}}'),
      'unknown-parameter',
      '__proto__',
    ],
  ])('refuses %s', (_name, body, code, param) => {
    expect(refusal(body)).toMatchObject({ code, param });
  });

  it.each([[[1, 2, 3]], [[[1, 2], [3]]]])('says that tokens are not taken: %j', (input) => {
    expect(refusal({ ...valid, input }).message).toContain('tokens');
  });

  it('takes 64 to 384 dimensions', () => {
    expect(read({ ...valid, dimensions: 64 }).dimensions).toBe(64);
    expect(read({ ...valid, dimensions: 384 }).dimensions).toBe(384);
  });

  it('throws nothing but errors with a code, whatever JSON arrives', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.record(
            {
              model: fc.oneof(fc.constant('text-embedding'), fc.jsonValue()),
              input: fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string()), fc.jsonValue()),
              encoding_format: fc.jsonValue(),
              dimensions: fc.oneof(fc.integer(), fc.double()),
              moe: fc.jsonValue(),
            },
            { requiredKeys: [] },
          ),
        ),
        (body) => {
          try {
            const { texts } = read(body);
            expect(texts.every((text) => text.isWellFormed() && text.trim() !== '')).toBe(true);
          } catch (error) {
            expect(isMoeError(error) && typeof error.metadata.param).toBe('string');
          }
        },
      ),
    );
  });
});
