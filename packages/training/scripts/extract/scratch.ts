import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExtractedDocument } from './document.ts';
import { plainText } from './markup.ts';
import { countWords, isIn, joinAndCut } from './paragraphs.ts';

const kinds = {
  en: 'website',
  de: 'german',
  ja: 'japanese',
  ru: 'russian',
  fr: 'french',
  es: 'spanish',
} as const;

/** The texts of the Scratch website: help for parents and teachers, rules, privacy, yearly reports. */
export function extractScratch(nodeModules: string): ExtractedDocument[] {
  const root = join(nodeModules, 'scratch-l10n/www');
  return readdirSync(root)
    .sort()
    .flatMap((folder) => {
      const read = (locale: string): Record<string, unknown> => {
        const path = join(root, folder, `${locale}.json`);
        return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : {};
      };
      const english = read('en');
      // The yearly reports repeat one another, so that they count as one document.
      const name = folder.replace('scratch-website.', '').replace('-l10njson', '');
      const group = `scratch/${name.replace(/^(annual-report|conference|privacypolicy|ev3|boost|wedo2|microbit|gdxfor|download).*/u, '$1')}`;
      return Object.entries(kinds).map(([locale, kind]) => {
        const messages = Object.entries(read(locale))
          .filter(([key, value]) => typeof value === 'string' && (locale === 'en' || value !== english[key]))
          .map(([, value]) => plainText(String(value).replace(/\{(\w+)\}/gu, '$1')))
          .filter((text) => countWords(text) >= 8 && isIn(kind, text));
        return { group, document: `scratch/${name}@${kind}`, kind, paragraphs: joinAndCut(messages) };
      });
    });
}
