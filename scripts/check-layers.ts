/**
 * Fails when a package imports from a layer above its own, when folders of a package import one another in a circle, when a
 * test's code lies among what is published, or when what only one kind of market knows leaves its folder (docs/concepts/architecture.md).
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, normalize, resolve } from 'node:path';
import { circlesOf } from './folder-circles.ts';
import { layerOf, neighbours, packageOf } from './layers.ts';
import { problemsOfTaskWords } from './task-words.ts';

const root = resolve(import.meta.dirname, '..');
const problems: string[] = [];
/** By package: folder, then the folders that it imports, each with a file that does. */
const folders = new Map<string, Map<string, Map<string, string>>>();

function checkPackageImport(file: string, owner: string, specifier: string): void {
  const name = packageOf(specifier);
  if (name === undefined || name === owner) return;
  const [own, layer] = [layerOf.get(owner)!, layerOf.get(name)];
  if (name === 'testing') problems.push(`${file}: only tests may import testing`);
  else if (layer === undefined) problems.push(`${file}: imports unknown package ${specifier}`);
  else if (layer > own) problems.push(`${file}: ${owner} may not import ${name}, which lies above it`);
  else if (layer === own && !neighbours.has(`${owner} ${name}`))
    problems.push(`${file}: ${owner} may not import ${name}, its neighbour in the same layer`);
}

function takeFolderImport(file: string, owner: string, specifier: string): void {
  const source = `packages/${owner}/src`;
  const target = normalize(`${dirname(file)}/${specifier}`);
  if (!target.startsWith(`packages/${owner}/`))
    problems.push(`${file}: leaves its package by a relative path (${specifier})`);
  // The entry of a package stands above all of its folders.
  if (file === `${source}/index.ts` || !target.startsWith(`${source}/`)) return;
  if (target === `${source}/index.ts`) problems.push(`${file}: imports the entry of its own package`);
  const [from, to] = [dirname(file), dirname(target)].map((path) => path.slice(source.length + 1) || '.');
  if (from === to) return;
  const imports = folders.get(owner) ?? new Map<string, Map<string, string>>();
  folders.set(owner, imports.set(from!, (imports.get(from!) ?? new Map()).set(to!, file)));
}

const sources = new Map<string, string>();
for (const file of globSync('packages/*/src/**/*.ts', { cwd: root })) {
  const owner = file.split('/')[1]!;
  if (!layerOf.has(owner)) {
    problems.push(`${file}: package "${owner}" has no layer; add it to scripts/layers.ts`);
    continue;
  }
  if (file.endsWith('.test.ts')) problems.push(`${file}: tests belong into packages/${owner}/test`);
  const text = readFileSync(resolve(root, file), 'utf8');
  sources.set(file, text);
  for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    if (specifier!.startsWith('.')) takeFolderImport(file, owner, specifier!);
    else if (owner !== 'testing') checkPackageImport(file, owner, specifier!);
  }
}

for (const [owner, imports] of folders)
  for (const circle of circlesOf(imports)) {
    const steps = circle.flatMap((from) =>
      circle.flatMap((to) => {
        const file = imports.get(from)?.get(to);
        return file === undefined ? [] : [`  ${from} → ${to}: ${file}`];
      }),
    );
    problems.push(
      `${owner}: the folders ${circle.join(', ')} import one another in a circle:\n${steps.join('\n')}`,
    );
  }

problems.push(...problemsOfTaskWords(sources));

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
