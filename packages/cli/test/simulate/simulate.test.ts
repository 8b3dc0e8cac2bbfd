import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runMoe, startMoe } from '../test-process.ts';

let cwd: string;
const moe = (...args: string[]) => runMoe(['simulate', ...args], { cwd });
const scenario = `name: tiny
question: Does it run?
jobs: 300
experts:
  good: { count: 6, skill: { best: 0.1, elsewhere: 0.2 } }
  bad: { count: 4, skill: { best: 0.4, elsewhere: 0.4 }, strategy: alone }
variants:
  - name: together
  - name: alone
    changes: { experts: { good: { strategy: alone } } }
`;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'moe-simulate-'));
  await writeFile(join(cwd, 'tiny.yaml'), scenario);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe('moe simulate', () => {
  it('prints tables, and writes JSON and a page', async () => {
    const { code, stdout, stderr } = await moe('tiny.yaml', '--out', 'out');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Does it run\?\n\nrun +jobs +random/);
    expect(stdout).toMatch(/\ntogether +300 /);
    expect(stdout).toMatch(/\nalone\ngroup +experts/);
    expect(stderr).toContain('Wrote out/tiny.json and out/tiny.html');
    expect(stderr).toMatch(/600 jobs in .* jobs\/s/);
    const report = JSON.parse(await readFile(join(cwd, 'out/tiny.json'), 'utf8'));
    expect(report.runs.map(({ name }: { name: string }) => name)).toEqual(['together', 'alone']);
    expect(await readFile(join(cwd, 'out/tiny.html'), 'utf8')).toMatch(/^<!doctype html>/);
  });

  it('--json prints one object and writes nothing; the seed decides every byte', async () => {
    const [first, again, other] = [
      await moe('tiny.yaml', '--json'),
      await moe('tiny.yaml', '--json', '--seed', '1'),
      await moe('tiny.yaml', '--json', '--seed', '2'),
    ];
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(first.stdout)).toMatchObject({ name: 'tiny', seed: 1 });
    expect(again.stdout).toBe(first.stdout);
    expect(JSON.parse(other.stdout).runs[0].result).not.toEqual(JSON.parse(first.stdout).runs[0].result);
    expect(existsSync(join(cwd, 'simulations'))).toBe(false);
  });

  it('runs a scenario that comes along by its name, and lists them', async () => {
    const { stdout } = await moe('--list');
    expect(stdout).toMatch(/^scenario +question\n/);
    expect(stdout).toContain('friends');
    const { code, stdout: json } = await moe('friends', '--jobs', '100', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(json).runs[0].result.jobs).toBe(100);
  });

  it.each<[string, string[], RegExp]>([
    ['nothing', [], /Name a scenario/],
    ['an unknown name', ['freinds'], /no file and no scenario "freinds"\. .*friends/],
    ['a folder', ['.'], /no file and no scenario/],
    ['a bad number', ['tiny.yaml', '--jobs', '1e9'], /--jobs is a whole number from 100 to 1,000,000/],
    ['a bad scenario', ['bad.yaml'], /bad\.yaml is no scenario: line 1: there is no field "nmae"/],
    ['an output that is a file', ['tiny.yaml', '--out', 'tiny.yaml'], /tiny\.yaml cannot be made a folder/],
  ])('given %s exits 2 and says what to do', async (_, args, message) => {
    await writeFile(join(cwd, 'bad.yaml'), scenario.replace('name:', 'nmae: x\nname:'));
    const { code, stdout, stderr } = await moe(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it('has help of its own with examples', async () => {
    const { code, stdout } = await moe('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('Examples:\n  $ moe simulate');
  });

  it('Ctrl-C ends it with what was simulated so far, and 130', async () => {
    await writeFile(join(cwd, 'long.yaml'), scenario.replace('jobs: 300', 'jobs: 1000000'));
    const process = startMoe(['simulate', 'long.yaml', '--out', 'interrupted'], { cwd });
    await process.saysOnError('Simulating');
    process.kill('SIGINT');
    const { code, stdout, stderr } = await process.done;
    expect(code).toBe(130);
    expect(stdout).toMatch(/\ntogether +/);
    expect(stdout).not.toMatch(/\nalone +/);
    expect(stderr).toContain('Interrupted');
    const { runs } = JSON.parse(await readFile(join(cwd, 'interrupted/tiny.json'), 'utf8'));
    expect(runs).toHaveLength(1);
    expect(runs[0].result).toMatchObject({ isComplete: false });
  });
});
