/**
 * `npm run build`: makes, from the sources that Node runs as they are, what can be installed: `build/NAME/` with modules and types
 * for each package, and `build/tarballs/` (docs/decisions/0027-packages.md).
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCommand } from './packaging/bundle-command.ts';
import { emit } from './packaging/emit.ts';
import { importedEntries } from './packaging/entries.ts';
import { publishedManifest } from './packaging/published-manifest.ts';
import { buildFolder, problemsOf, publishedPackages, root } from './packaging/workspace.ts';

const packages = publishedPackages();
const published = new Set(packages.map(({ manifest }) => manifest.name));
const problems = packages.flatMap((one) => problemsOf(one, published));
if (problems.length > 0) fail(problems.join('\n'));

rmSync(buildFolder, { recursive: true, force: true });
try {
  emit(packages);
  const imported = importedEntries(packages);
  for (const one of packages) {
    const { path, buildPath, manifest } = one;
    for (const file of (manifest.files ?? []).flatMap((pattern) => globSync(pattern, { cwd: path })))
      cpSync(join(path, file), join(buildPath, file), { recursive: true });
    cpSync(join(path, 'README.md'), join(buildPath, 'README.md'));
    cpSync(join(root, 'LICENSE'), join(buildPath, 'LICENSE'));
    const published = publishedManifest(one, imported.get(manifest.name)!);
    writeFileSync(join(buildPath, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
  }
  await bundleCommand(join(buildFolder, 'cli'));
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}

const tarballs = join(buildFolder, 'tarballs');
mkdirSync(tarballs);
const packed = spawnSync(
  'npm',
  ['pack', '--silent', '--pack-destination', tarballs, ...packages.map(({ buildPath }) => buildPath)],
  { stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' },
);
if (packed.status !== 0) fail('npm could not pack what was built.');
console.log(`${packages.length} packages built in build/, tarballs in build/tarballs/`);

function fail(sentences: string): never {
  console.error(sentences);
  process.exit(1);
}
