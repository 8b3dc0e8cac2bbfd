import { readFileSync } from 'node:fs';
import { MoeError, messageOf, textOf } from '@market-of-experts/core';
import { z } from 'zod';

const textSchema = z.object({ kind: z.string(), document: z.string(), text: z.string().min(1).max(2_000) });
const path = new URL('../data/reserve.jsonl', import.meta.url);

/**
 * The shipped reserve: texts that fill exams up, of documents that nothing is trained or reported on, no two alike. Kinds take turns, so
 * that every prefix is balanced. Throws `reserve-unreadable`.
 */
export function loadReserveTexts(): readonly string[] {
  try {
    const lines = textOf(readFileSync(path)).split('\n');
    return lines.filter((line) => line !== '').map((line) => textSchema.parse(JSON.parse(line)).text);
  } catch (cause) {
    throw new MoeError(
      'reserve-unreadable',
      `The shipped reserve of texts cannot be read: ${messageOf(cause)}. Restore ${path.pathname} from the repository.`,
      { cause },
    );
  }
}
