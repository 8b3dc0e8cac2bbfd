/** What a page in a browser loads with the client: nothing of Node. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const packages = join(import.meta.dirname, '../..');
const valueImport =
  /^(?:import|export)(?! type\b)[^;]*?from '([^']+)'|^import '([^']+)'|import\('([^']+)'\)/gm;

function fileOf(specifier: string, from: string): string | undefined {
  if (specifier.startsWith('.')) return resolve(from, '..', specifier);
  const match = /^@market-of-experts\/([a-z-]+)(?:\/(.+))?$/.exec(specifier);
  if (match === null) return undefined;
  const [, name, path = 'index'] = match;
  const file = join(packages, name!, 'src', `${path}.ts`);
  return existsSync(file) ? file : join(packages, name!, 'src', path, 'index.ts');
}

/** Modules of others that are loaded, each with the file of ours that does. */
function loadedBy(entry: string): Map<string, string> {
  const others = new Map<string, string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, a, b, c] of readFileSync(file, 'utf8').matchAll(valueImport)) {
      const specifier = (a ?? b ?? c)!;
      const next = fileOf(specifier, file);
      if (next === undefined) others.set(specifier, file);
      else visit(next);
    }
  };
  visit(entry);
  return others;
}

it('the client loads zod and nothing else', () => {
  expect([...loadedBy(join(packages, 'sdk/src/index.ts')).keys()]).toEqual(['zod']);
});

it('what is looked for would be found', () => {
  expect(loadedBy(join(packages, 'core/src/keys.ts')).keys()).toContain('node:crypto');
});
