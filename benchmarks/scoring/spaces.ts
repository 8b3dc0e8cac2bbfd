import { catalogue, type ReferenceEncoder, referenceBackend } from '@market-of-experts/models';
import { wordsOf } from '@market-of-experts/training';
import { encodeTasks } from './native-vectors.ts';

/** An encoder in its own space and dimension. */
export interface Space {
  readonly name: string;
  readonly group: 'catalogue' | 'reference' | 'degenerate' | 'variant' | 'mixture';
  /** What it is, in a few words. */
  readonly note: string;
  /** Of unit length, or zero. Only of texts that it was opened with. */
  readonly vectorOf: (text: string) => Float32Array;
}

const founder = 'minilm-l6';

/** Of the catalogue, those that the figures in the documents are of. */
const experts = [
  founder,
  'minilm-l3',
  'minilm-l1',
  'lexical',
  'use-lite',
  'static',
  'grams-1024',
  'grams-4096',
  'minilm-l1-idf',
  'minilm-l3-idf',
];
const firstWords = 8;

/** Experts side by side, each with its weight. */
const mixtures: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'l6 ++ lexical': { 'minilm-l6': 1, lexical: 1 },
  'l1 ++ lexical': { 'minilm-l1': 1, lexical: 1 },
  'l6 ++ grams': { 'minilm-l6': 1, 'grams-1024': 1 },
  'l6 ++ grams ++ use-lite': { 'minilm-l6': 1, 'grams-1024': 1, 'use-lite': 0.5 },
  'l6 ++ grams ++ l1-idf': { 'minilm-l6': 1, 'grams-1024': 1, 'minilm-l1-idf': 0.5 },
  'l6 ++ static ++ lexical ++ 4-grams': { 'minilm-l6': 1, static: 0.5, lexical: 0.5, 'char-4-grams': 0.5 },
  'use-lite ++ static': { 'use-lite': 1, static: 1 },
  'static ++ grams': { static: 1, 'grams-1024': 0.5 },
};

/** Catalogue, references, degenerate answers, variants of the founder and mixtures, in this order. Nothing is aligned. */
export async function openSpaces(texts: readonly string[]): Promise<Space[]> {
  const beginnings = texts.map(beginningOf);
  const native = await encodeTasks([
    ...experts.map((expert) => ({ expert, texts })),
    { expert: founder, texts: [...new Set(beginnings)] },
  ]);
  const places = new Map(texts.map((text, index) => [text, index]));
  const table = (vectors: readonly Float32Array[]): Space['vectorOf'] => {
    const units = vectors.map(unit);
    return (text) => units[places.get(text)!]!;
  };
  const singles = experts.map(
    (name, index): Space => ({
      name,
      group: 'catalogue',
      note: `${catalogue.find((expert) => expert.name === name)!.dimensions} dimensions`,
      vectorOf: table(native[index]!),
    }),
  );
  const reference = async (name: ReferenceEncoder, group: Space['group'], note: string): Promise<Space> => ({
    name,
    group,
    note,
    vectorOf: table(await referenceBackend(name).embed(texts)),
  });
  const references = [
    await reference('bag-of-words', 'reference', 'hashed words'),
    await reference('char-4-grams', 'reference', 'hashed'),
    await reference('random', 'degenerate', 'another vector for each text'),
    await reference('constant', 'degenerate', 'the same number on every axis'),
    await reference('zero', 'degenerate', 'nothing'),
  ];
  const base = singles.find(({ name }) => name === founder)!.vectorOf;
  const noise = references.find(({ name }) => name === 'random')!.vectorOf;
  const ofBeginnings = new Map(
    [...new Set(beginnings)].map((text, index) => [text, unit(native.at(-1)![index]!)]),
  );
  const variant = (name: string, note: string, vectorOf: Space['vectorOf']): Space => ({
    name,
    group: 'variant',
    note,
    vectorOf: remembered((text) => unit(vectorOf(text))),
  });
  const axes = (count: number): Space =>
    variant(`l6-${count}-axes`, `founder, first ${count} axes`, (text) => base(text).slice(0, count));
  const noisy = (amount: number): Space =>
    variant(`l6-noise-${amount}`, `founder and ${amount} times as much noise`, (text) => {
      const other = noise(text);
      return base(text).map((value, axis) => value + amount * other[axis]!);
    });
  const variants = [
    axes(128),
    axes(32),
    noisy(1),
    noisy(3),
    variant('l6-8-words', 'founder, reads eight words', (text) => ofBeginnings.get(beginningOf(text))!),
  ];
  const single = [...singles, ...references];
  return [
    ...single,
    ...variants,
    ...Object.entries(mixtures).map(([name, parts]) => mixture(name, parts, single)),
  ];
}

function mixture(name: string, parts: Readonly<Record<string, number>>, spaces: readonly Space[]): Space {
  const weighted = Object.entries(parts).map(([part, weight]) => ({
    root: Math.sqrt(weight),
    space: spaces.find((each) => each.name === part)!,
  }));
  return {
    name,
    group: 'mixture',
    note: 'side by side',
    vectorOf: remembered((text) => {
      const vectors = weighted.map(({ space }) => space.vectorOf(text));
      const beside = new Float32Array(vectors.reduce((sum, vector) => sum + vector.length, 0));
      let axis = 0;
      for (const [part, vector] of vectors.entries())
        for (const value of vector) {
          beside[axis] = weighted[part]!.root * value;
          axis += 1;
        }
      return unit(beside);
    }),
  };
}

function remembered(make: (text: string) => Float32Array): (text: string) => Float32Array {
  const known = new Map<string, Float32Array>();
  return (text) => {
    const made = known.get(text) ?? make(text);
    known.set(text, made);
    return made;
  };
}

function beginningOf(text: string): string {
  return wordsOf(text).slice(0, firstWords).join('');
}

function unit(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares);
  return length > 0 ? vector.map((value) => value / length) : vector;
}
