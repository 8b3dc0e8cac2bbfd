import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { textOf } from '@market-of-experts/core';
import { evenly } from '../scoring/exam-set.ts';
import { type LabelledPair, type LabelledQuestion, questionOfPairs, words } from './question.ts';

const bodyWords = 120;
const leastBodyWords = 40;
/** Pages of one program with hundreds of subcommands would be most of them. */
const mostOfProgram = 3;

/** Manual pages of this machine: what a command is for in one line, and its description. Undefined where none are installed. */
export function manQuestion(folder: string, count: number): LabelledQuestion | undefined {
  if (!existsSync(folder)) return undefined;
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.1.gz'))
    .sort();
  const chosen = [...Map.groupBy(files, (file) => /^[^_.-]+/u.exec(file)?.[0] ?? file).values()].flatMap(
    (pages) => evenly(pages, mostOfProgram),
  );
  const seen = new Set<string>();
  const pairs = chosen.flatMap((file) => {
    const path = realpathSync(join(folder, file));
    if (seen.has(path)) return [];
    seen.add(path);
    return pairOf(file.replace(/\.1\.gz$/u, ''), textOf(gunzipSync(readFileSync(path))));
  });
  return questionOfPairs('what for → manual page', evenly(pairs, count));
}

function pairOf(name: string, page: string): LabelledPair[] {
  const title = sectionOf(page, 'NAME')?.replace(/\s+/gu, ' ') ?? '';
  const query = / - (.+)$/u.exec(title)?.[1]?.trim() ?? '';
  const body = words(sectionOf(page, 'DESCRIPTION') ?? '');
  if (words(query).length < 3 || body.length < leastBodyWords) return [];
  const answer = body.slice(0, bodyWords).join(' ');
  return [{ kind: 'manual', documentId: name, query, answer, text: answer }];
}

/** Words of a section in man(7); undefined where there is none. */
function sectionOf(page: string, heading: string): string | undefined {
  const lines = page.split('\n');
  const start = lines.findIndex((line) => new RegExp(`^\\.SH "?${heading}"?\\s*$`, 'u').test(line));
  if (start < 0) return undefined;
  const rest = lines.slice(start + 1);
  const length = rest.findIndex((line) => line.startsWith('.SH'));
  return rest
    .slice(0, length < 0 ? rest.length : length)
    .map((line) => (/^\.(?:B|I|BR|IR|RB|BI|IB|RI|SM)\s/u.test(line) ? line.replace(/^\.\S+\s+/u, '') : line))
    .filter((line) => !/^[.']/u.test(line))
    .join('\n')
    .replace(/\\f(?:\[[^\]]*\]|\([A-Z]{2}|.)|\\s[+-]?\d|\\[&,/|^]/gu, '')
    .replace(/\\-/gu, '-')
    .replace(/\\\(..|\\\[[^\]]*\]|\\./gu, ' ');
}
