import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { MoeError, messageOf, textOf } from '@market-of-experts/core';
import { z } from 'zod';

/** Where the texts come from: `data/texts/SOURCE.jsonl.gz`; licences in `data/texts/ATTRIBUTION.md`. */
const corpusSources = [
  'code',
  'declaration',
  'electron',
  'geography',
  'node-red',
  'novel',
  'scratch',
  'speeches',
] as const;
export type CorpusSource = (typeof corpusSources)[number];

export const textKinds = [
  'novel',
  'speeches',
  'geography',
  'website',
  'software',
  'code',
  'german',
  'japanese',
  'french',
  'russian',
  'spanish',
] as const;
export type TextKind = (typeof textKinds)[number];

/** A text of about 26 to 72 words. */
export interface CorpusText {
  readonly source: CorpusSource;
  readonly kind: TextKind;
  /** What must stay on one side of a split: a document with its translations, or a whole package of code. */
  readonly group: string;
  readonly documentId: string;
  readonly text: string;
}

const documentSchema = z.object({
  group: z.string(),
  document: z.string(),
  kind: z.enum(textKinds),
  paragraphs: z.array(z.string()),
});

/** The texts of one source, always in the same order. Throws `corpus-invalid` when the file was changed badly. */
function readSource(source: CorpusSource): CorpusText[] {
  const path = new URL(`../../data/texts/${source}.jsonl.gz`, import.meta.url);
  try {
    return textOf(gunzipSync(readFileSync(path)))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => documentSchema.parse(JSON.parse(line)))
      .flatMap(({ group, document, kind, paragraphs }) =>
        paragraphs.map((text) => ({ source, kind, group, documentId: document, text })),
      );
  } catch (cause) {
    throw new MoeError(
      'corpus-invalid',
      `The texts of "${source}" cannot be read: ${messageOf(cause)}. Restore ${path.pathname} from the repository.`,
      { cause },
    );
  }
}

export function readCorpus(sources: readonly CorpusSource[] = corpusSources): CorpusText[] {
  return sources.flatMap(readSource);
}
