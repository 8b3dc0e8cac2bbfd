/**
 * Makes `packages/history/data/calibration.jsonl`: 4,096 pieces of 8 to 16 words from documents that are used for
 * nothing else, the kinds in turn so that every prefix is balanced. Usage: `node scripts/make-calibration.ts`.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { drawDistinct, drawStream, wordsOf } from '@market-of-experts/protocol';
import { type CorpusText, readCorpus, textKinds } from '../src/corpora/corpus.ts';
import { splitOf } from '../src/corpora/split.ts';

const count = 4096;
const seed = 'moe/calibration/1';

interface Piece {
  readonly kind: string;
  readonly document: string;
  readonly text: string;
}

/** Disjoint runs of a text, at most three. */
function runsOf(item: CorpusText): Piece[] {
  const words = wordsOf(item.text);
  const stream = drawStream(seed, item.documentId + item.text);
  const runs: Piece[] = [];
  const parts = Math.max(1, Math.min(3, Math.floor(words.length / 14)));
  const share = Math.floor(words.length / parts);
  for (let part = 0; part < parts; part++) {
    const length = Math.min(share, 8 + stream.below(9));
    const start = part * share + stream.below(share - length + 1);
    const text = words
      .slice(start, start + length)
      .join('')
      .replace(/\s+/gu, ' ')
      .trim();
    runs.push({ kind: item.kind, document: item.documentId, text });
  }
  return runs;
}

const texts = readCorpus().filter((text) => splitOf(text) === 'calibration');
const queues = textKinds.map((kind) => {
  const runs = texts.filter((text) => text.kind === kind).map(runsOf);
  const order = drawDistinct(drawStream(seed, kind), runs.length, runs.length);
  // The first run of every text before the second of any, and so on.
  const pieces = [0, 1, 2].flatMap((part) => [...order].flatMap((index) => runs[index]![part] ?? []));
  const seen = new Set<string>();
  return pieces.filter(({ text }) => text.length <= 240 && !seen.has(text) && seen.add(text));
});

const lines = Array.from({ length: count }, (_, index) => {
  const queue = queues[index % queues.length]!;
  const piece = queue[Math.floor(index / queues.length)];
  if (piece === undefined) throw new Error(`Too few pieces of the kind ${textKinds[index % queues.length]}`);
  return `${JSON.stringify(piece)}\n`;
});
const path = resolve(import.meta.dirname, '../../history/data/calibration.jsonl');
writeFileSync(path, lines.join(''));
console.log(
  `${lines.length} pieces, ${Buffer.byteLength(lines.join(''))} bytes, ${textKinds.length} kinds: ${path}`,
);
