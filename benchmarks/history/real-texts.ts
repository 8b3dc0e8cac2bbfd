import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { drawDistinct, drawStream } from '@market-of-experts/protocol';
import { readCorpus } from '@market-of-experts/training';

const packages = join(import.meta.dirname, '../../node_modules');
const textFiles = /\.(md|txt|[cm]?[jt]s|json|h|hpp|c|cpp|rs|py|swift|html|css|yml|flow)$/;
/** Built for machines, not written by people. */
const notWritten = /\.min\.|-lock\.|\.tsbuildinfo/;
const permissive = /MIT|Apache|BSD|ISC|CC0|Unlicense|BlueOak|MPL|Python|WTFPL/i;
const mostFileBytes = 4_000_000;
const longestLine = 2_000;
const leastWords = 8;
const mostWords = 20;
const heldOutEvery = 50;
const queriesPerDocument = 6;
/** Two characters of a language that is written without spaces count as a word. */
const word = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]{1,2}|[\p{L}\p{N}]+/gu;

interface Document {
  readonly isProse: boolean;
  readonly paragraphs: readonly string[];
}

export interface RealTexts {
  /** In random order, always the same for the same installed packages. */
  readonly indexed: readonly string[];
  /** Of documents of which nothing is indexed: every other one from the corpora, the rest from packages. */
  readonly queries: readonly string[];
  readonly documents: number;
  readonly words: number;
}

/**
 * Windows of 8 to 20 words of real texts: the corpora of `@market-of-experts/training` and whatever people wrote in the installed,
 * freely licensed packages (documentation, declarations, sources). Consecutive windows of a paragraph share half of
 * their words, so a word is in two of them at most; paragraphs and windows that are equal up to their punctuation count
 * once. Read when the benchmark runs; nothing of it is kept in the repository.
 */
export function realTexts(): RealTexts {
  const stream = drawStream('history', 'windows');
  const known = new Set<string>();
  const indexed: string[] = [];
  const held: { readonly isProse: boolean; readonly text: string }[] = [];
  let documents = 0;
  let words = 0;
  for (const { isProse, paragraphs } of documentsOf()) {
    documents += 1;
    const isHeldOut = stream.below(heldOutEvery) === 0;
    const own: string[] = [];
    for (const paragraph of paragraphs) {
      const found = [...paragraph.matchAll(word)];
      if (found.length < leastWords || isKnown(known, found)) continue;
      words += found.length;
      for (let first = 0; first + leastWords <= found.length; ) {
        const length = leastWords + stream.below(mostWords - leastWords + 1);
        const part = found.slice(first, first + length);
        const last = part.at(-1)!;
        first += Math.ceil(length / 2);
        if (isKnown(known, part)) continue;
        own.push(paragraph.slice(part[0]!.index, last.index + last[0].length).replace(/\s+/g, ' '));
        if (part.length < length) break;
      }
    }
    if (!isHeldOut) for (const text of own) indexed.push(text);
    else for (const text of shuffled(own).slice(0, queriesPerDocument)) held.push({ isProse, text });
  }
  const [prose = [], other = []] = [true, false].map((wanted) =>
    shuffled(held.filter(({ isProse }) => isProse === wanted)),
  );
  return {
    indexed: shuffled(indexed),
    queries: prose.slice(0, other.length).flatMap(({ text }, at) => [text, other[at]!.text]),
    documents,
    words,
  };
}

function isKnown(known: Set<string>, words: readonly RegExpExecArray[]): boolean {
  const key = words.map(([text]) => text).join(' ');
  if (known.has(key)) return true;
  known.add(key);
  return false;
}

function shuffled<T>(values: readonly T[]): T[] {
  const order = drawDistinct(drawStream('history', 'order'), values.length, values.length);
  return [...order].map((index) => values[index]!);
}

function* documentsOf(): Generator<Document> {
  for (const texts of Map.groupBy(readCorpus(), ({ documentId }) => documentId).values())
    yield { isProse: true, paragraphs: texts.map(({ text }) => text) };
  yield* packageFiles(packages, false);
}

/** Files of a folder of packages, in the order of their names. */
function* packageFiles(folder: string, isFree: boolean): Generator<Document> {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const isAllowed = entries.some(({ name }) => name === 'package.json')
    ? isFreelyLicensed(join(folder, 'package.json'), isFree)
    : isFree;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!entry.name.startsWith('.')) yield* packageFiles(path, isAllowed);
    } else if (isAllowed && isText(entry) && statSync(path).size <= mostFileBytes) yield fileDocument(path);
  }
}

function isFreelyLicensed(path: string, isFree: boolean): boolean {
  const { license } = JSON.parse(readFileSync(path, 'utf8')) as { readonly license?: unknown };
  return license === undefined ? isFree : permissive.test(JSON.stringify(license));
}

function isText(entry: Dirent): boolean {
  return entry.isFile() && textFiles.test(entry.name) && !notWritten.test(entry.name);
}

function fileDocument(path: string): Document {
  const paragraphs = readFileSync(path, 'utf8').split(/\n\s*\n/);
  return {
    isProse: false,
    paragraphs: paragraphs.filter((text) => text.split('\n').every((line) => line.length <= longestLine)),
  };
}
