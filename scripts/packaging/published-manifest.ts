import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sourceOf } from './entries.ts';
import type { PublishedPackage } from './workspace.ts';

/** The oldest Node that has all that the built code uses: `node:sqlite` without a flag, which locks data directories. */
const publishedNode = '>=22.13';

/**
 * The manifest that is published: entries lead to what was built. Entries are those that the checkout names one by one, which
 * are for everybody, and those that our other packages import (`imported`), which are for them: of the same version.
 */
export function publishedManifest(
  { buildPath, folder, manifest }: PublishedPackage,
  imported: ReadonlySet<string>,
): Record<string, unknown> {
  const { private: _, scripts, devDependencies, exports: sources = {}, ...kept } = manifest;
  const named = Object.keys(sources).filter((entry) => !entry.includes('*'));
  const entries = [...new Set([...named, ...[...imported].sort()])];
  const exports = entries.map((entry) => {
    const built = sourceOf(sources, entry)?.replace('./src/', './dist/').replace(/\.ts$/, '');
    if (built === undefined || !existsSync(join(buildPath, `${built}.js`)))
      throw new Error(`packages/${folder} has no entry "${entry}", which is exported or imported.`);
    return [entry, { types: `${built}.d.ts`, default: `${built}.js` }] as const;
  });
  return {
    ...kept,
    license: 'Apache-2.0',
    author: 'The founders of Market of Experts',
    keywords: ['market', 'experts', 'embeddings', 'openai', 'ledger', 'stake'],
    engines: { node: publishedNode },
    exports: { ...Object.fromEntries(exports), './package.json': './package.json' },
  };
}
