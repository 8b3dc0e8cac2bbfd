/**
 * Makes `packages/history/data/reserve.jsonl`: passages of 60 to 120 words where the documents allow it, from documents that nothing is trained
 * or reported on, without near-duplicates. Kinds take turns, and within them documents, so that every prefix is balanced. Usage:
 * `node scripts/make-reserve.ts`.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { drawDistinct, drawStream } from '@market-of-experts/protocol';
import { readCorpus, textKinds } from '../src/corpora/corpus.ts';
import { passagesOf, unlikeTexts } from '../src/corpora/passages.ts';
import { splitOf } from '../src/corpora/split.ts';

const seed = 'moe/reserve/1';
const mostFileBytes = 1_000_000;
/** Longer ones would crowd the others out of what a list may hold. */
const mostTextBytes = 2_000;

const texts = readCorpus().filter((text) => splitOf(text) === 'reserve');
const queues = textKinds.map((kind) => {
  const documents = [...Map.groupBy(texts, ({ documentId }) => documentId)].filter(
    ([, parts]) => parts[0]!.kind === kind,
  );
  const order = [...drawDistinct(drawStream(seed, kind), documents.length, documents.length)];
  const passages = order.map((index) => {
    const [document, parts] = documents[index]!;
    return passagesOf(parts.map(({ text }) => text)).map((text) => ({ kind, document, text }));
  });
  const longest = Math.max(...passages.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) => passages.flatMap((of) => of[turn] ?? [])).flat();
});

const unlike = unlikeTexts();
const lines: string[] = [];
const counts = new Map<string, number>();
let bytes = 0;
for (let turn = 0; queues.some((queue) => turn < queue.length); turn += 1)
  for (const queue of queues) {
    const passage = queue[turn];
    if (passage === undefined || Buffer.byteLength(passage.text) > mostTextBytes) continue;
    const line = `${JSON.stringify(passage)}\n`;
    if (bytes + Buffer.byteLength(line) > mostFileBytes || !unlike.take(passage.text)) continue;
    bytes += Buffer.byteLength(line);
    lines.push(line);
    counts.set(passage.kind, (counts.get(passage.kind) ?? 0) + 1);
  }
const path = resolve(import.meta.dirname, '../../history/data/reserve.jsonl');
writeFileSync(path, lines.join(''));
console.log(`${lines.length} passages, ${bytes} bytes: ${path}`);
for (const [kind, count] of counts) console.log(`${kind} ${count}`);
