import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder } from './workspace.ts';

/** All tarballs that `npm run build` has made. Throws where it has not run. */
export function tarballs(): string[] {
  const found = globSync('tarballs/*.tgz', { cwd: buildFolder }).map((file) => join(buildFolder, file));
  if (found.length === 0) throw new Error('Nothing is built yet. Run "npm run build" first.');
  return found;
}

/**
 * Installs into an empty project, as a user does, from npm's cache where it has a package. No package that we depend on needs its
 * install script; `runsScripts` is for those of others. Throws with what npm says.
 */
export function install(folder: string, wanted: readonly string[], { runsScripts = false } = {}): void {
  mkdirSync(folder, { recursive: true });
  const project = { name: 'empty-project', private: true, type: 'module' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(project));
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--fetch-retries=1', '--loglevel=error'];
  const { status, stderr, stdout } = spawnSync(
    'npm',
    ['install', ...flags, ...(runsScripts ? [] : ['--ignore-scripts']), ...wanted],
    { cwd: folder, encoding: 'utf8', env: userEnvironment(), shell: process.platform === 'win32' },
  );
  if (status !== 0) throw new Error(`npm could not install ${wanted.join(' ')}:\n${stderr}${stdout}`);
}

/** This process's environment without what npm and Node put into it for the checkout. */
export function userEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ||
      /^(npm_(package|lifecycle|config_(local_prefix|onnx|allow))|NODE_OPTIONS$|MOE_|INIT_CWD$)/.test(name)
        ? []
        : [[name, value] as const],
    ),
  );
}
