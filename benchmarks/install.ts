/** `npm run bench -- install`: what a user's install weighs, and how long commands take to start in it. */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInstalledMarket } from '../scripts/packaging/installed-market.ts';
import { install, tarballs, userEnvironment } from '../scripts/packaging/user-install.ts';
import { root } from '../scripts/packaging/workspace.ts';

const shown = 10;
/** Starts of a command that are timed, after one that fills Node's cache of compiled code. */
const starts = 7;

export interface InstallResult {
  readonly packages: number;
  readonly megabytes: number;
  /** Median of several starts of a process, until it ends; of `up` the first in a new folder, until the market is open. */
  readonly coldStartMs: { readonly balance: number; readonly status: number; readonly up: number };
}

export async function run(_options: { readonly json: boolean }): Promise<InstallResult> {
  const built = spawnSync(process.execPath, [join(root, 'scripts/build.ts')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`The packages cannot be built:\n${built.stdout}${built.stderr}`);
  const folder = mkdtempSync(join(tmpdir(), 'moe-install-'));
  try {
    install(folder, tarballs());
    const weights = weightsOf(join(folder, 'node_modules'));
    const megabytes = Math.round(weights.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6);
    console.log(`${weights.length} packages, ${megabytes} MB; the biggest:`);
    for (const { name, bytes } of weights.slice(0, shown))
      console.log(`${(bytes / 1e6).toFixed(1).padStart(8)} MB  ${name}`);

    const moe = [process.execPath, join(folder, 'node_modules/market-of-experts/bin/moe.js')] as const;
    const env = { ...userEnvironment(), XDG_STATE_HOME: join(folder, 'state') };
    const dataDirectory = join(folder, 'market');
    const market = await startInstalledMarket(folder, moe, { dataDirectory, env });
    const startMs = (command: string): number => {
      const timed = Array.from({ length: 1 + starts }, () => {
        const startedMs = performance.now();
        const { status, stderr } = spawnSync(moe[0], [moe[1], command, '--data', dataDirectory], {
          encoding: 'utf8',
          env,
        });
        if (status !== 0) throw new Error(`moe ${command} fails where it is installed: ${stderr}`);
        return performance.now() - startedMs;
      });
      return Math.round(timed.slice(1).sort((a, b) => a - b)[(starts - 1) / 2]!);
    };
    try {
      const coldStartMs = {
        balance: startMs('balance'),
        status: startMs('status'),
        up: Math.round(market.openAfterMs),
      };
      console.log('\ncold starts');
      for (const [command, ms] of Object.entries(coldStartMs))
        console.log(`${String(ms).padStart(8)} ms  moe ${command}`);
      console.log(`${String(bareStartMs(env)).padStart(8)} ms  Node itself, for a program that does nothing`);
      return { packages: weights.length, megabytes, coldStartMs };
    } finally {
      await market.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every installed package with its own files, the heaviest first. */
function weightsOf(modules: string): { readonly name: string; readonly bytes: number }[] {
  const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, unknown>>;
  };
  return Object.keys(lock.packages)
    .map((path) => path.slice('node_modules/'.length))
    .map((name) => {
      const files = globSync('**/*', { cwd: join(modules, name), withFileTypes: true });
      const own = files.filter(
        (entry) =>
          entry.isFile() && !entry.parentPath.slice(join(modules, name).length).includes('node_modules'),
      );
      return {
        name,
        bytes: own.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0),
      };
    })
    .sort((a, b) => b.bytes - a.bytes);
}

function bareStartMs(env: Readonly<Record<string, string>>): number {
  const timed = Array.from({ length: starts }, () => {
    const startedMs = performance.now();
    spawnSync(process.execPath, ['-e', ''], { env });
    return performance.now() - startedMs;
  });
  return Math.round(timed.sort((a, b) => a - b)[(starts - 1) / 2]!);
}
