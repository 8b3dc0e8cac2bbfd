/**
 * Makes `data/texts/*.jsonl.gz`. Usage: `node scripts/extract-texts.ts NODE_MODULES`, where that folder holds the
 * packages named in `data/texts/ATTRIBUTION.md` in the versions named there (they are not dependencies: together
 * they would add more than 250 MB to every installation).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { extractCode } from './extract/code.ts';
import { extractDeclaration } from './extract/declaration.ts';
import type { Extractor } from './extract/document.ts';
import { extractElectron } from './extract/electron.ts';
import { extractGeography, extractNovel, extractSpeeches } from './extract/english.ts';
import { extractNodeRed } from './extract/node-red.ts';
import { extractScratch } from './extract/scratch.ts';

const extractors: Readonly<Record<string, Extractor>> = {
  code: extractCode,
  declaration: extractDeclaration,
  electron: extractElectron,
  geography: extractGeography,
  'node-red': extractNodeRed,
  novel: extractNovel,
  scratch: extractScratch,
  speeches: extractSpeeches,
};

const nodeModules = process.argv[2];
if (nodeModules === undefined) {
  console.error('Say where the packages are: node scripts/extract-texts.ts PATH/TO/node_modules');
  process.exit(1);
}
const folder = resolve(import.meta.dirname, '../data/texts');
mkdirSync(folder, { recursive: true });
for (const [source, extract] of Object.entries(extractors)) {
  const documents = extract(nodeModules).filter((document) => document.paragraphs.length > 0);
  const text = documents.map((document) => `${JSON.stringify(document)}\n`).join('');
  writeFileSync(resolve(folder, `${source}.jsonl.gz`), gzipSync(text, { level: 9 }));
  const counts = new Map<string, number>();
  for (const { kind, paragraphs } of documents) counts.set(kind, (counts.get(kind) ?? 0) + paragraphs.length);
  console.log(
    source,
    `${documents.length} documents`,
    `${Buffer.byteLength(text)} bytes`,
    Object.fromEntries(counts),
  );
}
