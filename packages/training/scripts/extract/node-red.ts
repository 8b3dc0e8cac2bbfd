import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExtractedDocument } from './document.ts';
import { blocksOf } from './markup.ts';
import { isIn, joinAndCut } from './paragraphs.ts';

const kinds = {
  'en-US': 'software',
  de: 'german',
  ja: 'japanese',
  ru: 'russian',
  fr: 'french',
  'es-ES': 'spanish',
} as const;

/** The help pages of Node-RED's nodes. */
export function extractNodeRed(nodeModules: string): ExtractedDocument[] {
  const root = join(nodeModules, '@node-red/nodes/locales');
  const pages = readdirSync(join(root, 'en-US'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.html'))
    .sort();
  return pages.flatMap((page) => {
    const group = `node-red/${page.replace('.html', '')}`;
    return Object.entries(kinds)
      .filter(([locale]) => existsSync(join(root, locale, page)))
      .map(([locale, kind]) => {
        const blocks = blocksOf(readFileSync(join(root, locale, page), 'utf8')).filter((block) =>
          isIn(kind, block),
        );
        return { group, document: `${group}@${kind}`, kind, paragraphs: joinAndCut(blocks) };
      });
  });
}
