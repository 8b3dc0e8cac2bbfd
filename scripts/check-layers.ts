/** Fails when a package imports from a layer above its own (docs/concepts/architecture.md). */
import { globSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';

const layers: readonly (readonly string[])[] = [
  ['core'],
  ['protocol'],
  ['ledger', 'network', 'history', 'experts'],
  ['node', 'training'],
  ['gateway', 'sdk', 'simulation'],
  ['cli', 'dashboard'],
];
const layerOf = new Map(layers.flatMap((names, layer) => names.map((name) => [name, layer] as const)));
const root = resolve(import.meta.dirname, '..');
const problems: string[] = [];

for (const file of globSync('packages/*/src/**/*.ts', { cwd: root })) {
  const owner = file.split('/')[1]!;
  const own = layerOf.get(owner);
  if (own === undefined) {
    problems.push(`${file}: package "${owner}" has no layer; add it to scripts/check-layers.ts`);
    continue;
  }
  const text = readFileSync(resolve(root, file), 'utf8');
  for (const match of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    const target = match[1]!;
    const name = /^@moe\/([a-z-]+)/.exec(target)?.[1];
    if (name !== undefined && name !== owner) {
      const layer = layerOf.get(name);
      if (layer === undefined) problems.push(`${file}: imports unknown package ${target}`);
      else if (layer > own) problems.push(`${file}: ${owner} may not import ${name}, which lies above it`);
      else if (layer === own && !(owner === 'training' && name === 'experts'))
        problems.push(`${file}: ${owner} may not import ${name}, its neighbour in the same layer`);
    }
    if (target.startsWith('.')) {
      const inside = relative(resolve(root, 'packages', owner), resolve(root, file, '..', target));
      if (inside.startsWith('..'))
        problems.push(`${file}: leaves its package by a relative path (${target})`);
    }
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
