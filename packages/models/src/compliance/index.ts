import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExpertBackend } from '../backend.ts';

export interface BackendToTest {
  /** Most by which a number of one text's vector may differ between two calls; default 0: the same bits. */
  readonly tolerance?: number;
  /** Opened once for all tests, since models take seconds to load. */
  open(): Promise<ExpertBackend> | ExpertBackend;
}

const cat = 'A cat sits on the mat.';
const market = 'The stock market fell sharply today, and nobody knew why.';
/** What people and programs send, meant or not. */
const oddTexts = [
  '',
  ' ',
  '\n\t\r\n',
  'a',
  '0',
  '\u0000',
  '\ufeffbyte order mark',
  'half a \ud83d surrogate',
  '🐈‍⬛🧑‍🚀👍🏽',
  'שלום עולם مرحبا بالعالم',
  '猫がマットの上に座っている。',
  'e\u0301'.repeat(200),
  'x'.repeat(20_000),
  'many short words '.repeat(1_500),
];

/**
 * What every adapter of the {@link ExpertBackend} port must do, as Vitest tests. An adapter's own test file calls this.
 */
export function backendComplianceTests(name: string, { tolerance = 0, open }: BackendToTest): void {
  describe(`${name}: ExpertBackend port`, () => {
    let backend: ExpertBackend;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(() => backend.close());
    const embedOne = async (text: string): Promise<Float32Array> => (await backend.embed([text]))[0]!;
    const expectSame = (found: Float32Array, wanted: Float32Array): void => {
      expect(found.length).toBe(wanted.length);
      const farthest = found.reduce(
        (most, value, axis) => Math.max(most, Math.abs(value - wanted[axis]!)),
        0,
      );
      expect(farthest).toBeLessThanOrEqual(tolerance);
    };

    it('says its name, and how long its vectors are', () => {
      expect(backend.name).toMatch(/\S/);
      expect(backend.dimensions).toBeGreaterThanOrEqual(1);
      expect(Number.isInteger(backend.dimensions)).toBe(true);
    });

    it('gives each text one vector of that many finite numbers, in order, also of texts that come twice', async () => {
      const vectors = await backend.embed([cat, market, cat]);
      expect(vectors).toHaveLength(3);
      for (const vector of vectors) {
        expect(vector).toBeInstanceOf(Float32Array);
        expect(vector.length).toBe(backend.dimensions);
        expect(vector.every(Number.isFinite)).toBe(true);
      }
      expectSame(vectors[0]!, await embedOne(cat));
      expectSame(vectors[1]!, await embedOne(market));
      expectSame(vectors[2]!, vectors[0]!);
      expect(vectors[1]).not.toEqual(vectors[0]);
    });

    it('gives nothing for no texts', async () => {
      expect(await backend.embed([])).toEqual([]);
    });

    it('takes any text', async () => {
      const vectors = await backend.embed(oddTexts);
      for (const [index, vector] of vectors.entries())
        expect([oddTexts[index], vector.length, vector.every(Number.isFinite)]).toEqual([
          oddTexts[index],
          backend.dimensions,
          true,
        ]);
      expect(vectors).toHaveLength(oddTexts.length);
    });

    it('keeps calls that run at the same time apart', async () => {
      const texts = Array.from({ length: 20 }, (_, index) => `${market} Line ${index}.`);
      const [all, ...each] = await Promise.all([backend.embed(texts), ...texts.map(embedOne)]);
      for (const [index, vector] of each.entries()) expectSame(vector, all[index]!);
    });

    it('refuses a call that was cancelled before it began', async () => {
      await expect(backend.embed([cat], { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'request-aborted',
      });
    });

    it('serves others when a caller leaves in the middle', async () => {
      const controller = new AbortController();
      const leaving = backend
        .embed(
          Array.from({ length: 40 }, (_, index) => `${cat} The caller of text ${index} leaves.`),
          { signal: controller.signal },
        )
        .then(
          (vectors) => vectors.length,
          (error: { code?: unknown }) => error.code,
        );
      const staying = embedOne(market);
      controller.abort();
      // What was done already may still come.
      expect([40, 'request-aborted']).toContain(await leaving);
      expectSame(await staying, await embedOne(market));
    });

    it('is closed once, however often it is told to', async () => {
      const other = await open();
      await other.close();
      await other.close();
      expect((await embedOne(cat)).length).toBe(backend.dimensions);
    });
  });
}
