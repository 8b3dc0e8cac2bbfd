import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const moe = join(root, 'packages/cli/bin/moe.js');
/** Owners' signatures: small, loaded by `core`, and optional. */
const light = 'secp256k1';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moe-loads-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Packages of which a program of Node loads native code, and what it says. */
function run(args: readonly string[]): { readonly loads: readonly string[]; readonly said: string } {
  const loads = join(folder, 'loads');
  const recorder = join(root, 'test/record-loads.mjs');
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', recorder, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LOADS: loads, MOE_HOME: join(folder, 'none'), MOE_API_KEY: 'none' },
  });
  const names = readFileSync(loads, 'utf8').split('\n');
  return { loads: names.filter((name) => name !== '' && name !== light), said: stdout + stderr };
}

describe('a command loads no store, index or model that it does not need', () => {
  // Nothing listens there: a command that asks a market says so when all of its code is loaded.
  const url = ['--url', 'http://127.0.0.1:1'];
  it.each([
    { args: ['balance', ...url], says: '127.0.0.1:1' },
    { args: ['status', ...url], says: '127.0.0.1:1' },
    { args: ['scout', ...url], says: '127.0.0.1:1' },
    { args: ['receipt', 'f'.repeat(64), ...url], says: '127.0.0.1:1' },
    { args: ['metagraph', ...url], says: '127.0.0.1:1' },
    { args: ['stake', 'show', `0x${'0'.repeat(40)}`, ...url], says: '127.0.0.1:1' },
    { args: ['market', 'list', ...url], says: '127.0.0.1:1' },
    { args: ['wallet', 'list'], says: 'no wallet' },
    { args: ['--help'], says: 'Usage: moe' },
  ])('moe $args', ({ args, says }) => {
    const { loads, said } = run([moe, ...args]);
    expect(said).toContain(says);
    expect(loads).toEqual([]);
  });
});

describe('the entries that others import', () => {
  const entries = globSync('packages/*/package.json', { cwd: root }).flatMap((file) => {
    const { name, exports, files } = JSON.parse(readFileSync(join(root, file), 'utf8'));
    // Suites for adapters need a test runner around them.
    const named = Object.keys(exports).filter((entry) => !entry.includes('*') && entry !== './compliance');
    return files === undefined ? [] : named.map((entry) => `${name}${entry.slice(1)}`);
  });
  const program = (code: string) => [
    '--input-type=module',
    '-e',
    `${code}; console.log('done'); process.exit();`,
  ];

  it('load no native library', () => {
    const imports = entries.map((entry) => `await import('${entry}')`).join(';');
    expect(run(program(imports))).toEqual({ loads: [], said: 'done\n' });
  });

  it('give what loads one when it is used', () => {
    const index = `(await import('@market-of-experts/history')).usearchIndexKind().create(4)`;
    expect(run(program(index))).toEqual({ loads: ['usearch'], said: 'done\n' });
  });
});
