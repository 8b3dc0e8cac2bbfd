import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExtractedDocument } from './document.ts';
import { countWords, isIn, joinAndCut } from './paragraphs.ts';

const kinds = { de: 'german', ja: 'japanese', ru: 'russian', fr: 'french', es: 'spanish' } as const;

/** The TypeScript compiler's translated messages: one document a language. */
export function extractTypescript(nodeModules: string): ExtractedDocument[] {
  return Object.entries(kinds).map(([locale, kind]) => {
    const path = join(nodeModules, 'typescript/lib', locale, 'diagnosticMessages.generated.json');
    const messages = Object.values(JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>)
      .map((message) => message.replace(/"?\{\d\}"?/gu, '').trim())
      .filter((message) => countWords(message) >= 9 && isIn(kind, message));
    return { group: 'typescript', document: `typescript@${kind}`, kind, paragraphs: joinAndCut(messages) };
  });
}
