import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';

const version = '1.15.2';
const folder = resolve(import.meta.dirname, '../../.bench/portkey');

/** Installs Portkey's gateway once into `.bench/` (25 MB, from the npm registry): it is a peer, no dependency. */
export function installPortkey(): string {
  const script = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (existsSync(script)) return script;
  console.error(`Installing @portkey-ai/gateway@${version} into .bench/portkey for the comparison …`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
  execFileSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--ignore-scripts', `@portkey-ai/gateway@${version}`],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return script;
}

/** Starts Portkey's gateway on a free port of the loopback and waits until it answers. */
export async function startPortkey(script: string): Promise<{ process: ChildProcess; port: number }> {
  const port = await freePort();
  const child = spawn(process.execPath, [script, '--headless', `--port=${port}`], {
    stdio: 'ignore',
    env: { ...process.env, NODE_ENV: 'production' },
  });
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Portkey's gateway ended with code ${child.exitCode}.`);
    const isUp = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (isUp) return { process: child, port };
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('No free port.');
  return address.port;
}
