import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSealedJson } from '@market-of-experts/core/files';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runMoe } from './test-process.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'moe-doctor-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const doctor = (...args: string[]) => runMoe(['doctor', ...args], { cwd });

describe('moe doctor', () => {
  it('says where there is nothing to look at', async () => {
    const { code, stderr } = await doctor('--data', 'nowhere');
    expect(code).toBe(2);
    expect(stderr).toContain('There is no data directory nowhere');
  });

  it('tells what a backup is needed for from what can be made again, by its exit code too', async () => {
    const data = join(cwd, '.moe');
    mkdirSync(data);
    writeFileSync(join(data, 'api-key'), 'moe-changed\n');
    const found = await doctor();
    expect(found.code).toBe(3);
    expect(found.stdout).toMatch(/damaged\s+api-key[\s\S]*run this with --repair/);
    const repaired = await doctor('--repair', '--json');
    expect(repaired.code).toBe(0);
    expect(JSON.parse(repaired.stdout).files).toMatchObject([
      { path: 'api-key', damage: { remedy: 'repair' } },
    ]);
    expect(readdirSync(data)).toContain('set-aside');
    writeSealedJson(join(data, 'keys.json'), { owners: {}, nodes: {} });
    writeFileSync(join(data, 'format'), 'no format\n');
    const lost = await doctor('--repair');
    expect(lost.code).toBe(1);
    expect(lost.stdout).toMatch(/damaged\s+keys\.json[\s\S]*lacks treasury[\s\S]*from a backup/);
    expect(readdirSync(data)).toContain('keys.json');
  });

  it('does not call damaged what another version has made', async () => {
    const data = join(cwd, '.moe');
    mkdirSync(data);
    writeFileSync(join(data, 'format'), '3\n');
    writeFileSync(join(data, 'keys.json'), '{}');
    const { code, stdout, stderr } = await doctor('--repair');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^error: The data directory .* has another format .* older version: its format is 3, .*\.\n$/,
    );
    expect(readFileSync(join(data, 'keys.json'), 'utf8')).toBe('{}');
  });
});
