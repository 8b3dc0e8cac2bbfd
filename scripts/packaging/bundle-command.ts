import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './workspace.ts';

/** What short commands do not need: it loads from its own files when it is asked for. */
const heavy =
  /^@market-of-experts\/(?:gateway|history|host|ledger|models|network|roles|simulation|testing|training)\b/;
const heavyCommands = ['up/index', 'simulate/simulate-command'];
/** Stands for the folder of what is built while chunks have no place yet. */
const apart = 'apart:';
/** With native code, or a file of WebAssembly beside them. */
const whole = ['hash-wasm', 'secp256k1'];

/**
 * Puts what short commands load (`moe balance`) into a few files: Node takes about a millisecond for each of two hundred. `dist/main.js`
 * becomes the beginning of the bundle; all other files stay, for the heavy commands. The licences of what is bundled are written
 * to `dist/LICENSES.txt`.
 */
export async function bundleCommand(buildPath: string): Promise<void> {
  const source = join(root, 'packages/cli/src');
  const dist = join(buildPath, 'dist');
  const build = await rolldown({
    input: {
      main: join(source, 'main.ts'),
      // Checks signatures in a thread of its own, which looks for it beside the chunk that starts it.
      'recovery-worker': join(root, 'packages/core/src/owner/recovery-worker.ts'),
    },
    platform: 'node',
    external: (id) => heavy.test(id) || whole.some((name) => id === name || id.startsWith(`${name}/`)),
    plugins: [
      {
        name: 'heavy-commands',
        resolveId(id, importer) {
          if (importer === undefined || !id.startsWith('.')) return null;
          const inside = relative(source, join(dirname(importer), id)).replace(/\.ts$/, '');
          return heavyCommands.includes(inside) ? { id: `${apart}${inside}.js`, external: true } : null;
        },
        // Their files are where they were, seen from where a chunk is written.
        renderChunk(code, { fileName }) {
          const up = fileName.includes('/') ? '../' : './';
          return code
            .replaceAll(apart, up)
            .replaceAll(/new URL\((["'])\.\/recovery-worker\.ts\1/g, `new URL("./recovery-worker.js"`);
        },
      },
    ],
  });
  const { output } = await build.write({
    dir: dist,
    format: 'esm',
    entryFileNames: ({ name }) => (name === 'main' ? 'main.js' : 'short/[name].js'),
    chunkFileNames: 'short/[name]-[hash].js',
  });
  await build.close();
  const bundled = new Set<string>();
  for (const chunk of output) {
    if (chunk.type !== 'chunk') continue;
    const [, program] = /new URL\(["'](\.[^"']*)["'], import\.meta/.exec(chunk.code) ?? [];
    if (program !== undefined && !existsSync(join(dist, dirname(chunk.fileName), program)))
      throw new Error(`${chunk.fileName} of the bundled command names a file beside its source.`);
    for (const module of chunk.moduleIds) {
      const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(module) ?? [];
      if (name !== undefined) bundled.add(name);
    }
  }
  writeFileSync(join(dist, 'LICENSES.txt'), [...bundled].sort().map(licenceOf).join('\n'));
}

function licenceOf(name: string): string {
  const folder = join(root, 'node_modules', name);
  const { license, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly license: string;
    readonly version: string;
  };
  const file = readdirSync(folder).find((entry) => /^licen[sc]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} is bundled and has no licence file.`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8')}\n`;
}
