import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ExtractedDocument } from './document.ts';
import { countWords, thin } from './paragraphs.ts';

/** Packages under MIT, ISC, BSD or Apache licences whose functions carry doc comments. */
const codePackages = [
  'async',
  'axios',
  'commander',
  'express',
  'fabric',
  'graphql',
  'ioredis',
  'jszip',
  'knex',
  'lodash',
  'luxon',
  'mathjs',
  'mongodb',
  'protobufjs',
  'ramda',
  'rxjs',
  'simple-statistics',
  'undici',
  'viem',
  'winston',
] as const;
const skippedFolders =
  /^(test|tests|__tests__|benchmark|examples?|docs|dist|cdn|locales?|fp|build|types|typings|_cjs|_esm|cjs|min|vendor|esm5|ext|node_modules)$/u;
const maximumPerPackage = 130;
const maximumCharacters = 560;

/** Functions with their doc comments: a source file is a document, a package a group. */
export function extractCode(nodeModules: string): ExtractedDocument[] {
  return codePackages.flatMap((name) => {
    const seen = new Set<string>();
    const functions = sourceFiles(join(nodeModules, name)).flatMap((path) =>
      documentedFunctions(readFileSync(path, 'utf8')).flatMap(({ summary, text }) => {
        if (seen.has(summary)) return [];
        seen.add(summary);
        return [{ path: path.slice(join(nodeModules, name).length + 1), text }];
      }),
    );
    const byFile = Map.groupBy(thin(functions, maximumPerPackage), ({ path }) => path);
    return [...byFile].map(([path, found]) => ({
      group: `code/${name}`,
      document: `code/${name}/${path}`,
      kind: 'code',
      paragraphs: found.map(({ text }) => text),
    }));
  });
}

function documentedFunctions(source: string): { summary: string; text: string }[] {
  return [...source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/[ \t]*\n/gu)].flatMap((match) => {
    const comment = (match[1] ?? '').replace(/^\s*\* ?/gmu, '');
    const summary = (comment.split(/\n\s*@|```|\n\s*\n|\n\s*##/u)[0] ?? '').replace(/\s+/gu, ' ').trim();
    if (summary.length < 25 || summary.length > 260) return [];
    const lines: string[] = [];
    for (const line of source.slice(match.index + match[0].length).split('\n', 28)) {
      if (/^\s*\/\*\*/u.test(line)) break;
      lines.push(line.trimEnd());
    }
    const code = dedent(lines).trim();
    const first = code.split('\n')[0] ?? '';
    if (
      code.length < 60 ||
      !first.includes('(') ||
      /^(\/\/|\*|import|'use strict'|var \w+ = require)/u.test(code)
    )
      return [];
    const text = cutAtLine(`/** ${summary} */\n${code}`, maximumCharacters);
    return countWords(text) < 20 ? [] : [{ summary, text }];
  });
}

function dedent(lines: readonly string[]): string {
  const indent = Math.min(
    ...lines.filter((line) => line !== '').map((line) => line.length - line.trimStart().length),
  );
  return lines.map((line) => line.slice(indent)).join('\n');
}

function cutAtLine(text: string, maximum: number): string {
  if (text.length <= maximum) return text;
  const end = text.lastIndexOf('\n', maximum);
  return text.slice(0, end > 200 ? end : maximum);
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return skippedFolders.test(entry.name) ? [] : sourceFiles(path);
      const isSource =
        /\.(js|mjs|cjs|ts)$/u.test(entry.name) &&
        !/\.min\.|\.d\.[cm]?ts$|^lodash(\.core)?\.js$/u.test(entry.name);
      return isSource && statSync(path).size < 600_000 ? [path] : [];
    });
}
