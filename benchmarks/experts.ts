/** What do experts that differ retrieve, alone and side by side? Each in its own space; weights fitted on other documents. */
import { catalogue } from '@market-of-experts/models';
import { specialistDomains } from '@market-of-experts/training';
import { fitWeights } from './experts/fit-weights.ts';
import { type Interval, intervalByDocument } from './experts/interval.ts';
import {
  meanOverKinds,
  mixed,
  type Products,
  productsOf,
  questions,
  type RetrievalSide,
  reciprocalRanksIn,
  textsOfSide,
} from './experts/retrieval-side.ts';
import { encodeTasks } from './scoring/native-vectors.ts';
import { optionOf } from './scoring/options.ts';
import { loadTextSet } from './texts/text-set.ts';

/** In the order in which they are laid side by side. */
const defaultExperts = ['minilm-l6', 'grams-2048', 'minilm-l1-idf', 'use-lite-centred', 'minilm-l3-idf'];

/** Reciprocal ranks of one mixture: of each side, by question. */
type Ranks = readonly (readonly [start: number[], short: number[]])[];

interface Row {
  readonly name: string;
  readonly ranks: Ranks;
  /** By side, fitted on the other. */
  readonly weights: readonly (readonly number[])[];
}

export async function run({ args }: { readonly args: readonly string[] }): Promise<unknown> {
  const names = optionOf(args, '--experts')?.split(',') ?? defaultExperts;
  const unknown = names.filter((name) => !catalogue.some((expert) => expert.name === name));
  if (unknown.length > 0) throw new Error(`The catalogue has no expert ${unknown.join(', ')}.`);
  const kinds = specialistDomains().map(({ kind }) => kind);
  const perKind = Number(optionOf(args, '--per-kind') ?? 140);
  const { history, measured } = loadTextSet({ kinds, perKind });
  const sides: readonly RetrievalSide[] = [measured, history].map((texts) => ({ kinds, texts }));
  const texts = [...new Set(sides.flatMap(textsOfSide))];
  const rows = new Map(texts.map((text, row) => [text, row]));
  const native = await encodeTasks(names.map((expert) => ({ expert, texts })));
  const parts = native.map((vectors) =>
    sides.map((side) => productsOf(side, (text) => vectors[rows.get(text)!]!)),
  );

  const alone = names.map((name, part) => rowOf(name, sides, [parts[part]!]));
  const together = names
    .slice(1)
    .map((_, last) => rowOf(`the first ${last + 2}`, sides, parts.slice(0, last + 2)));
  console.log(
    `${sides.map((side) => side.texts.length).join(' and ')} texts on two sides of a split by document, ${kinds.length} kinds, all in one index. ` +
      'Mean reciprocal rank of the rest of a text, asked for with its start / the first eight words; swap: the other side.',
  );
  console.table(Object.fromEntries([...alone, ...together].map((row) => [row.name, shown(row, sides)])));
  const steps = [alone[0]!, ...together].slice(1).map((row, index) => ({
    added: names[index + 1]!,
    gains: gainsOf(row, [alone[0]!, ...together][index]!, sides),
  }));
  console.log('What each one adds, with 95 % of draws of documents: start, short; swap: start, short.');
  for (const { added, gains } of steps) console.log(`${added.padEnd(20)} ${gains.map(text).join('   ')}`);
  return {
    rows: [...alone, ...together].map((row) => ({
      name: row.name,
      ...shown(row, sides),
      weights: row.weights,
    })),
    steps,
  };
}

function rowOf(name: string, sides: readonly RetrievalSide[], parts: readonly (readonly Products[])[]): Row {
  const weights = sides.map((_, side) => {
    const other = 1 - side;
    return parts.length === 1
      ? [1]
      : fitWeights(
          sides[other]!,
          parts.map((of) => of[other]!),
        );
  });
  const ranks = sides.map((side, index) => {
    const [start, short] = questions.map((kind) =>
      reciprocalRanksIn(
        mixed(
          parts.map((of) => of[index]!),
          weights[index]!,
          kind,
        ),
        side.texts.length,
      ),
    );
    return [start!, short!] as const;
  });
  return { name, ranks, weights };
}

function shown({ ranks, weights }: Row, sides: readonly RetrievalSide[]): Record<string, string> {
  const pair = (side: number): string =>
    ranks[side]!.map((values) => meanOverKinds(sides[side]!, values).toFixed(3)).join(' / ');
  return {
    'MRR / short': pair(0),
    swap: pair(1),
    weights: weights.map((of) => of.map((weight) => weight.toFixed(1)).join(' ')).join(' | '),
  };
}

function gainsOf(row: Row, before: Row, sides: readonly RetrievalSide[]): Interval[] {
  return sides.flatMap((side, index) =>
    row.ranks[index]!.map((values, question) =>
      intervalByDocument(
        side,
        values.map((value, place) => value - before.ranks[index]![question]![place]!),
      ),
    ),
  );
}

function text({ mean, low, high }: Interval): string {
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
  return `${signed(mean)} [${signed(low)}, ${signed(high)}]`;
}
