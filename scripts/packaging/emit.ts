import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { buildFolder, type PublishedPackage, root } from './workspace.ts';

/** Compiles all packages in one go; then `dist/` of each mirrors its `src/`, so that paths to data stay what they are. */
export function emit(packages: readonly PublishedPackage[]): void {
  const emitted = join(buildFolder, 'emitted');
  // npm links this name; the script beside it is what every system can start.
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(
    process.execPath,
    [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', emitted],
    { stdio: 'inherit' },
  );
  if (status !== 0) throw new Error('The compiler refuses the sources; nothing was built.');
  for (const { folder, buildPath } of packages) {
    const dist = join(buildPath, 'dist');
    mkdirSync(buildPath, { recursive: true });
    renameSync(join(emitted, folder, 'src'), dist);
    for (const file of globSync('**/*.{js,d.ts}', { cwd: dist })) {
      const path = join(dist, file);
      const text = readFileSync(path, 'utf8');
      const built = withBuiltNames(text, path);
      if (built !== text) writeFileSync(path, built);
    }
  }
  rmSync(emitted, { recursive: true, force: true });
}

/**
 * Names the built files where the compiler keeps the names of the sources: in declarations, and in the programs of
 * threads and child processes, `new URL('./worker.ts', import.meta.url)`. Throws when such a program was not built.
 */
function withBuiltNames(text: string, path: string): string {
  if (path.endsWith('.d.ts'))
    return text.replace(/((?:from |import\()['"]\.{1,2}\/[^'"]+)\.ts(['"])/g, '$1.js$2');
  return text.replace(
    /(new URL\('(\.{1,2}\/[^']+)\.ts', import\.meta\.url\))/g,
    (all, _, program: string) => {
      if (!existsSync(resolve(dirname(path), `${program}.js`)))
        throw new Error(`${path} starts ${program}.ts, which was not built.`);
      return all.replace(`${program}.ts`, `${program}.js`);
    },
  );
}
