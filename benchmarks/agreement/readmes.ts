import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textOf } from '@market-of-experts/core';
import { z } from 'zod';
import { type LabelledPair, type LabelledQuestion, questionOfPairs, words } from './question.ts';

const modules = join(import.meta.dirname, '../../node_modules');
const bodyWords = 120;
const leastBodyWords = 40;
const manifestSchema = z.object({ name: z.string(), description: z.string() });

/** Installed packages: the line that describes one, and the beginning of its page. */
export function readmeQuestion(): LabelledQuestion {
  const folders = readdirSync(modules)
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(modules, name)).map((part) => join(name, part)) : [name],
    )
    .sort();
  return questionOfPairs('title → body', folders.flatMap(pairOf));
}

function pairOf(folder: string): LabelledPair[] {
  const page = join(modules, folder, 'README.md');
  const manifest = join(modules, folder, 'package.json');
  if (!existsSync(page) || !existsSync(manifest)) return [];
  const { success, data } = manifestSchema.safeParse(JSON.parse(textOf(readFileSync(manifest))));
  if (!success || words(data.description).length < 3) return [];
  // The line itself stands on many pages: found again, it would be no question.
  const body = words(plainOf(textOf(readFileSync(page))).replaceAll(data.description, ' '));
  if (body.length < leastBodyWords) return [];
  const answer = body.slice(0, bodyWords).join(' ');
  return [{ kind: 'page', documentId: data.name, query: data.description, answer, text: answer }];
}

/** Prose of a page: without code, pictures, addresses, marks. */
function plainOf(markdown: string): string {
  return markdown
    .replace(/```[\s\S]*?```/gu, ' ')
    .replace(/<[^>]*>/gu, ' ')
    .replace(/!\[[^\]]*\]\([^)]*\)/gu, ' ')
    .replace(/\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])/gu, '$1')
    .replace(/https?:\S+|^\[[^\]]*\]:.*$/gmu, ' ')
    .replace(/[#*`|>_=-]+/gu, ' ');
}
