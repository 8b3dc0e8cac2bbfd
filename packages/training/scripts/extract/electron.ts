import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExtractedDocument } from './document.ts';
import { blocksOf } from './markup.ts';
import { isIn, joinAndCut, thin } from './paragraphs.ts';

const kinds = {
  'en-US': 'software',
  'de-DE': 'german',
  'ja-JP': 'japanese',
  'ru-RU': 'russian',
  'fr-FR': 'french',
  'es-ES': 'spanish',
} as const;

/** Electron's documentation and its translations. */
export function extractElectron(nodeModules: string): ExtractedDocument[] {
  const docs = JSON.parse(readFileSync(join(nodeModules, 'electron-i18n/dist/docs.json'), 'utf8')) as Record<
    string,
    Record<string, { html: string }>
  >;
  const english = new Set(Object.values(docs['en-US'] ?? {}).flatMap((page) => blocksOf(page.html)));
  return Object.entries(kinds).flatMap(([locale, kind]) => {
    const seen = new Set<string>();
    return Object.entries(docs[locale] ?? {}).map(([path, page]) => {
      const group = `electron${path.replace('/docs', '')}`;
      const blocks = blocksOf(page.html).filter((block) => {
        if (seen.has(block) || (kind !== 'software' && english.has(block)) || block.length < 16) return false;
        seen.add(block);
        return isIn(kind, block);
      });
      return { group, document: `${group}@${kind}`, kind, paragraphs: thin(joinAndCut(blocks), 14) };
    });
  });
}
