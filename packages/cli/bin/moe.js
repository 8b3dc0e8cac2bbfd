#!/usr/bin/env node
// Starts `moe`. In a checkout the command is TypeScript, which Node runs from 22.18 on; installed, it is built. This file is what an
// older Node can still read: it hands over to the Node that is installed as a package, or says what to do.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const built = new URL('../dist/main.js', import.meta.url);
const isBuilt = existsSync(built);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (isBuilt ? major > 22 || (major === 22 && minor >= 13) : process.features.typescript) {
  // Halves the start. Not in the system's temporary folder, where others could put code before us.
  module.enableCompileCache?.(join(dirname(require.resolve('commander')), '..', '.cache', 'moe'));
  await import(isBuilt ? built.href : '../src/main.ts');
} else {
  const bundled = bundledNode();
  if (bundled === undefined || process.env.MOE_REEXEC === '1') {
    console.error(
      `moe needs Node ${isBuilt ? '22.13' : '22.18'} or newer; this is Node ${process.versions.node}. ` +
        `Install a current Node${isBuilt ? '' : ', or run "npm ci" in the project, which brings one along'}.`,
    );
    process.exitCode = 1;
  } else {
    handOver(bundled);
  }
}

/** @returns {string | undefined} path of the Node that the package `node` holds */
function bundledNode() {
  try {
    const packageFile = require.resolve('node/package.json');
    const path = join(dirname(packageFile), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} node */
function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    // A second hand-over would mean that the bundled Node is old too: say so instead of starting for ever.
    env: { ...process.env, MOE_REEXEC: '1' },
  });
  const isAtTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both of us; passing it on would make it two.
      if (!(signal === 'SIGINT' && isAtTerminal)) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`moe could not start ${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1;
    else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}
