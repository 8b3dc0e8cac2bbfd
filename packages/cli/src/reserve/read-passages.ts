import { passagesOf } from '@market-of-experts/training/corpora/passages';
import type { Problem } from '../embed/input.ts';
import { readInputs } from '../embed/read-inputs.ts';

/** A passage, or why there is none: `short` stands for a document or row without words enough. */
export type PassageItem =
  | Problem
  | { readonly kind: 'passage'; readonly text: string }
  | { readonly kind: 'short' };

/** Rows of these are texts of their own, and no paragraphs of one document. */
const rows = /\.(?:jsonl|ndjson|csv|tsv)$/i;
/** Paragraphs of a document that are held at once: a longer one is read in parts. */
const mostHeld = 1_000;

/** Passages of files and folders, in order; rows of JSONL and CSV each for itself. Throws as `readInputs` does. */
export async function* readPassages(
  paths: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<PassageItem, void> {
  let source: string | undefined;
  let held: string[] = [];
  let hasSome = false;
  function* flush(isEnd: boolean): Generator<PassageItem, void> {
    if (source === undefined) return;
    for (const text of passagesOf(held)) {
      hasSome = true;
      yield { kind: 'passage', text };
    }
    held = [];
    if (isEnd && !hasSome) yield { kind: 'short' };
    if (isEnd) hasSome = false;
  }
  const options = {
    format: undefined,
    split: 'paragraphs',
    field: 'text',
    column: undefined,
    idField: undefined,
    delimiter: undefined,
    extensions: undefined,
    excluded: new Set<string>(),
  } as const;
  for await (const item of readInputs(paths, options, signal)) {
    if (item.kind !== 'text') {
      yield item;
      continue;
    }
    if (item.source !== source || rows.test(item.source)) yield* flush(true);
    source = item.source;
    held.push(item.text);
    if (held.length >= mostHeld) yield* flush(false);
  }
  yield* flush(true);
}
