import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countGrams } from '../../src/grams/character-grams.ts';
import { gramsBackend, gramsIdfFile } from '../../src/grams/grams-backend.ts';
import { bucketOf, fitGramsIdf, readGramsIdf, writeGramsIdf } from '../../src/grams/grams-idf.ts';
import { dot } from '../../src/unit-vector.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moe-grams-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sizeOf = (text: string): number =>
  [...countGrams(text).values()].reduce((sum, count) => sum + count, 0);

describe('countGrams', () => {
  it('counts runs of 3 to 5 within words, and single characters and pairs of dense scripts', () => {
    // <cat>: three, two and one.
    expect(sizeOf('cat')).toBe(6);
    expect(countGrams('cat cat')).toEqual(new Map([...countGrams('cat')].map(([gram]) => [gram, 2])));
    expect(sizeOf('日本語')).toBe(3 + 2);
    // A Latin name within Japanese keeps its word.
    expect(sizeOf('日本でnode')).toBe(3 + 2 + sizeOf('node'));
    expect(sizeOf('한국')).toBe(2 + 1);
  });

  it('reads one text in its many spellings as one', () => {
    expect(countGrams('fooBar_baz')).toEqual(countGrams('Foo bar, BAZ!'));
    expect(countGrams('ｃａｆｅ\u0301')).toEqual(countGrams('café'));
    expect(countGrams('हिन्दी')).not.toEqual(countGrams('हन द'));
  });

  it('gives any text a gram, and no more than three a character that is read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        expect(countGrams(text).size).toBeGreaterThan(0);
      }),
    );
    expect(countGrams('🐈')).not.toEqual(countGrams('🧑‍🚀'));
    // U+FDFA becomes 18 characters.
    for (const unit of ['\ufdfa', 'x', 'aB', '語', '\u0301\u0323\u0345', ' ' + 'ab', '\ud83d'])
      expect(sizeOf(unit.repeat(100_000))).toBeLessThan(3 * 16_384 * 2);
  });
});

describe('the idf of grams', () => {
  it('is written and read as it was, and is least for what every text has', () => {
    const path = join(folder, 'idf.bin');
    const idf = fitGramsIdf(['the cat', 'the dog', 'the bird', 'the cat and the dog']);
    writeGramsIdf(path, idf);
    const read = readGramsIdf(path);
    expect({ ...read, levels: undefined }).toEqual({ ...idf, levels: undefined });
    expect(Buffer.compare(Buffer.from(read.levels.buffer), Buffer.from(idf.levels.buffer))).toBe(0);
    const levelOf = (word: string) =>
      Math.min(...[...countGrams(word).keys()].map((gram) => idf.levels[bucketOf(gram)]!));
    // In all four: ln(5 / 4.5), of ln(5 / 0.5) at most.
    expect(levelOf('the')).toBe(6);
    expect(levelOf('cat')).toBeGreaterThan(levelOf('the'));
    expect(levelOf('bird')).toBeGreaterThan(levelOf('cat'));
    expect(levelOf('zebra')).toBe(127);
  });

  it('is shipped, counted on more than 16,000 texts, in every script', () => {
    const { levels, texts } = readGramsIdf(gramsIdfFile);
    expect(texts).toBeGreaterThan(16_000);
    expect(levels.every((level) => level >= 1)).toBe(true);
    const least = (text: string) =>
      Math.min(...[...countGrams(text).keys()].map((gram) => levels[bucketOf(gram)]!));
    for (const common of ['the', 'und', 'что', 'para', 'の', 'return'])
      expect([common, least(common)]).toEqual([common, expect.toSatisfy((level: number) => level < 64)]);
  });
});

describe('the experts of grams', () => {
  const idf = readGramsIdf(gramsIdfFile);
  const texts = [
    'Where does the harbour master of Zanzibar keep the ledger of dhows?',
    'The ledger is with the harbourmaster; dhows from Zanzibar are entered first.',
    'Where does the head of the office keep the list of the cars?',
  ];

  it('find rare words, in other forms too, rather than common ones', async () => {
    const [query, right, wrong] = (await gramsBackend(idf, 1024).embed(texts)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    expect(dot(query, right)).toBeGreaterThan(dot(query, wrong) + 0.1);
    expect(dot(query, query)).toBeCloseTo(1, 5);
  });

  it('come closer to the exact product with more numbers', async () => {
    const [left, right] = texts.map((text) => {
      const exact = new Map(
        [...countGrams(text)].map(([gram, count]) => [gram, idf.levels[bucketOf(gram)]! * Math.sqrt(count)]),
      );
      const length = Math.sqrt([...exact.values()].reduce((sum, value) => sum + value * value, 0));
      return new Map([...exact].map(([gram, value]) => [gram, value / length]));
    }) as [Map<number, number>, Map<number, number>];
    const exact = [...left].reduce((sum, [gram, value]) => sum + value * (right.get(gram) ?? 0), 0);
    for (const dimensions of [1024, 65_536]) {
      const [one, other] = (await gramsBackend(idf, dimensions).embed(texts)) as [Float32Array, Float32Array];
      expect(Math.abs(dot(one, other) - exact)).toBeLessThan(4 / Math.sqrt(dimensions));
    }
  });

  it('give the same bits as ever', async () => {
    const [vector] = (await gramsBackend(idf, 1024).embed([texts[0]!])) as [Float32Array];
    const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      'c9048bf071c7468c550f276c1a23d453c0a86a8c91260923ab504ccb8d03e1a2',
    );
  });
});
