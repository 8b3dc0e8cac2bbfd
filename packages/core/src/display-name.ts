import { z } from 'zod';

const MAX_NAME_CHARACTERS = 64;

/** Letters that are written together. Latin without its letters for phonetics and mathematics, which look like others. */
const scripts: readonly string[] = [
  '(?=\\p{L})[A-Za-z\\u00aa-\\u024f\\u1e00-\\u1eff]',
  '(?=[\\p{L}\\p{M}])[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Bopomofo}\\u30fc]',
  '(?=[\\p{L}\\p{M}])[\\p{sc=Hangul}\\p{sc=Han}]',
  ...['Cyrillic', 'Greek'].map((script) => `(?=\\p{L})\\p{sc=${script}}`),
  ...[
    ...[
      'Armenian',
      'Hebrew',
      'Arabic',
      'Devanagari',
      'Bengali',
      'Gurmukhi',
      'Gujarati',
      'Oriya',
      'Tamil',
      'Telugu',
    ],
    ...[
      'Kannada',
      'Malayalam',
      'Sinhala',
      'Thai',
      'Lao',
      'Tibetan',
      'Myanmar',
      'Georgian',
      'Ethiopic',
      'Khmer',
    ],
  ].map((script) => `(?=[\\p{L}\\p{M}])\\p{sc=${script}}`),
];
/** Words between single blanks. Each begins with a letter or digit and has a letter: "best 0.05" is no name, but a line of a log. */
function formOf(letter: string): RegExp {
  const word = `(?=[0-9._-]*(?:${letter}))(?:${letter}|[0-9])(?:${letter}|[0-9._-])*`;
  return new RegExp(`^${word}(?: ${word})*$`, 'u');
}
/** Made for the first name: most programs that load this never ask. */
let forms: readonly RegExp[] | undefined;
function hasForm(name: string): boolean {
  forms ??= scripts.map(formOf);
  return forms.some((form) => form.test(name));
}
/** As ids are written where there is no name. */
const idLike = /^[0-9a-f]{8,}$/;

/**
 * The name of an expert or validator, which strangers choose and people read in lines of names: letters of one script, digits 0 to
 * 9, single blanks inside, and `-`, `_`, `.`; in the form NFKC; not like an id. Marks of our own output (★, →, ·, brackets,
 * `#`) are in no name.
 */
export const displayNameSchema = z
  .string()
  .max(MAX_NAME_CHARACTERS)
  .refine(
    (name) => name.normalize('NFKC') === name && !idLike.test(name) && hasForm(name),
    `must be 1 to ${MAX_NAME_CHARACTERS} letters of one script, digits, and single blanks, hyphens, dots or underscores between them; each word has a letter, and it is no id`,
  );

/** Letters of other scripts, and digits, that look like small Latin letters. */
const lookAlikes: Readonly<Record<string, string>> = Object.fromEntries(
  (
    [
      ['o', '0οоօ'],
      ['l', '1iıіιӏ|'],
      ['a', 'аα'],
      ['b', 'ьв'],
      ['c', 'сϲ'],
      ['e', 'еε'],
      ['h', 'һнη'],
      ['k', 'кκ'],
      ['m', 'м'],
      ['n', 'пո'],
      ['p', 'рρ'],
      ['s', 'ѕ5'],
      ['t', 'тτ'],
      ['u', 'υս'],
      ['v', 'ѵν'],
      ['w', 'ѡω'],
      ['x', 'хχ'],
      ['y', 'уγ'],
      ['j', 'ј'],
      ['d', 'ԁ'],
      ['q', 'ԛ'],
      ['g', 'ɡ'],
    ] as const
  ).flatMap(([letter, others]) => [...others].map((other) => [other, letter])),
);

const known = new Map<string, string>();

/** What a name looks like: two names of one skeleton can be taken for one another. Blanks and signs do not count. */
export function skeletonOf(name: string): string {
  const before = known.get(name);
  if (before !== undefined) return before;
  if (known.size >= 10_000) known.clear();
  const skeleton = makeSkeleton(name);
  known.set(name, skeleton);
  return skeleton;
}

function makeSkeleton(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}|[^\p{L}\p{N}|]/gu, '')
    .toLowerCase();
  return [...plain]
    .map((letter) => lookAlikes[letter] ?? letter)
    .join('')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w');
}

/**
 * How nodes are shown where names alone stand for them. Of names that look alike each gets `#` and the beginning of its id, which
 * no name can imitate.
 */
export function distinctNames<Id extends string>(
  nodes: Iterable<readonly [Id, string]>,
): ReadonlyMap<Id, string> {
  const list = [...nodes];
  const counts = new Map<string, number>();
  const skeletons = list.map(([, name]) => skeletonOf(name));
  for (const skeleton of skeletons) counts.set(skeleton, (counts.get(skeleton) ?? 0) + 1);
  return new Map(
    list.map(([id, name], at) => [id, counts.get(skeletons[at]!) === 1 ? name : `${name}#${id.slice(0, 8)}`]),
  );
}
