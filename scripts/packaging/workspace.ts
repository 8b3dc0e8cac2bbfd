import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');
/** What `npm run build` makes: one folder for each package, and their tarballs. Nothing in it is tracked. */
export const buildFolder = join(root, 'build');

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface PublishedPackage {
  /** Its folder's name, e.g. `core`. */
  readonly folder: string;
  /** Where its sources are. */
  readonly path: string;
  /** Where what is published of it is put together. */
  readonly buildPath: string;
  readonly manifest: Manifest;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The packages that others can install: those whose manifest says which files that takes. */
export function publishedPackages(): PublishedPackage[] {
  return globSync('packages/*/package.json', { cwd: root })
    .map((file) => file.split(/[\\/]/)[1]!)
    .sort()
    .map((folder) => {
      const path = join(root, 'packages', folder);
      return { folder, path, buildPath: join(buildFolder, folder), manifest: readManifest(path) };
    })
    .filter(({ manifest }) => manifest.files !== undefined);
}

/** What is wrong with a package before anything is built, in sentences; `published` are the names of all that are. */
export function problemsOf(
  { folder, path, manifest }: PublishedPackage,
  published: ReadonlySet<string>,
): string[] {
  const problems = Object.keys(manifest.dependencies ?? {})
    .filter((name) => /^@?market-of-experts\b/.test(name) && !published.has(name))
    .map(
      (name) => `packages/${folder} depends on ${name}, whose manifest has no "files": it is not published.`,
    );
  if (manifest.description === undefined) problems.push(`packages/${folder} has no description.`);
  if (!existsSync(join(path, 'README.md'))) problems.push(`packages/${folder} has no README.md.`);
  for (const file of manifest.files ?? [])
    if (file !== 'dist' && globSync(file, { cwd: path }).length === 0)
      problems.push(`packages/${folder} publishes ${file}, which is not there.`);
  return problems;
}
