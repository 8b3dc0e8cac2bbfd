import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import type { PublishedPackage } from './workspace.ts';

/**
 * By package name: the entries (`./calling/policy`) that the built files of other packages import. Throws where a package imports one that
 * its manifest does not bring along: in the checkout, and in a project that has it for another reason, nobody would notice.
 */
export function importedEntries(packages: readonly PublishedPackage[]): Map<string, Set<string>> {
  const entries = new Map(packages.map(({ manifest }) => [manifest.name, new Set<string>()] as const));
  for (const { buildPath, folder, manifest } of packages) {
    const { dependencies, optionalDependencies, peerDependencies } = manifest;
    const known = new Set(
      [dependencies, optionalDependencies, peerDependencies].flatMap((list) => Object.keys(list ?? {})),
    );
    for (const file of globSync('dist/**/*.{js,d.ts}', { cwd: buildPath }))
      for (const specifier of importsOf(readFileSync(join(buildPath, file), 'utf8'))) {
        const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)!;
        if (isBuiltin(specifier) || name === manifest.name) continue;
        if (!known.has(name))
          throw new Error(`packages/${folder} imports ${name}, and does not depend on it.`);
        entries.get(name)?.add(`.${specifier.slice(name.length)}`);
      }
  }
  return entries;
}

const importForms = [
  /^import ['"]([^'".][^'"]*)['"]/gm,
  /^(?:import|export)\b[^;'"=]*?\bfrom ['"]([^'".][^'"]*)['"]/gm,
  /\b(?:import|require)\(['"]([^'".][^'"]*)['"]\)/g,
];

/** What built code, or a declaration, imports from other packages. */
function importsOf(text: string): string[] {
  return importForms.flatMap((form) => [...text.matchAll(form)].map(([, specifier]) => specifier!));
}

/** The source file of an entry, by the exports of the checkout: an exact one, or the pattern `./*`. */
export function sourceOf(exports: Readonly<Record<string, string>>, entry: string): string | undefined {
  return exports[entry] ?? exports['./*']?.replace('*', entry.slice(2));
}
