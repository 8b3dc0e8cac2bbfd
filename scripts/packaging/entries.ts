import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PublishedPackage } from './workspace.ts';

/** By package name: the entries (`./calling/policy`) that the built files of other packages import. */
export function importedEntries(packages: readonly PublishedPackage[]): Map<string, Set<string>> {
  const entries = new Map(packages.map(({ manifest }) => [manifest.name, new Set<string>()] as const));
  const longestFirst = [...entries.keys()].sort((a, b) => b.length - a.length);
  for (const { buildPath } of packages)
    for (const file of globSync('dist/**/*.{js,d.ts}', { cwd: buildPath })) {
      const text = readFileSync(join(buildPath, file), 'utf8');
      for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'".][^'"]*)['"]/g)) {
        const name = longestFirst.find((known) => specifier === known || specifier!.startsWith(`${known}/`));
        if (name !== undefined) entries.get(name)!.add(`.${specifier!.slice(name.length)}`);
      }
    }
  return entries;
}

/** The source file of an entry, by the exports of the checkout: an exact one, or the pattern `./*`. */
export function sourceOf(exports: Readonly<Record<string, string>>, entry: string): string | undefined {
  return exports[entry] ?? exports['./*']?.replace('*', entry.slice(2));
}
