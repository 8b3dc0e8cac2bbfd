import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsedTexts } from '@market-of-experts/host/reserve/used-texts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runMoe } from '../test-process.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'moe-reserve-'));
  mkdirSync(join(cwd, '.moe'));
  writeFileSync(join(cwd, '.moe', 'keys.json'), '{}');
  mkdirSync(join(cwd, 'texts'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const reserve = (...args: string[]) => runMoe(['reserve', ...args], { cwd });
const write = (name: string, content: string | Uint8Array) =>
  writeFileSync(join(cwd, 'texts', name), content);
const words = (count: number, word: string): string =>
  Array.from({ length: count }, (_, index) => `${word}${index}`).join(' ');

describe('moe reserve', () => {
  it('cuts documents into passages, keeps them private, lists them, and says how many are left', async () => {
    write('handbook.md', `${words(80, 'alpha')}\n\n${words(30, 'beta')}\n\n${words(40, 'gamma')}\n`);
    write('rows.jsonl', `{"text":"${words(25, 'delta')}"}\n{"text":"too short"}\n`);
    write('picture.png', new Uint8Array(100));
    const added = await reserve('add', 'texts', '--json');
    expect([added.code, JSON.parse(added.stdout)]).toEqual([
      0,
      { added: 3, alike: 0, tooLong: 0, tooShort: 1, isFull: false, failed: [], skipped: 1 },
    ]);
    const folder = join(cwd, '.moe', 'reserve', 'texts');
    expect(readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600]);
    const listed = JSON.parse((await reserve('list', '--json')).stdout);
    expect(listed.texts.map(({ text }: { text: string }) => text)).toEqual([
      words(80, 'alpha'),
      `${words(30, 'beta')}\n${words(40, 'gamma')}`,
      words(25, 'delta'),
    ]);
    expect((await reserve('list')).stdout).toContain('alpha0 alpha1');
    const status = JSON.parse((await reserve('status', '--json')).stdout);
    expect(status).toMatchObject({ ownLeft: 3, used: 0, fewerThan: 100, problems: [], notices: [] });
    expect(status.houseLeft).toBeGreaterThan(1_500);
  });

  it('adds nothing twice: neither what is there, nor what resembles it, nor what was used', async () => {
    write('a.txt', words(60, 'alpha'));
    expect((await reserve('add', 'texts')).stdout).toContain('1 text added.');
    write('b.txt', `${words(40, 'alpha')} ${words(30, 'beta')}`);
    const again = await reserve('add', 'texts');
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('2 like others, or used before')]);
    const { texts } = JSON.parse((await reserve('list', '--json')).stdout);
    openUsedTexts(join(cwd, '.moe'), () => undefined).add(texts.map(({ id }: { id: string }) => id));
    rmSync(join(cwd, 'texts', 'b.txt'));
    expect((await reserve('add', 'texts')).stdout).toContain('Nothing was added');
    expect((await reserve('list')).stdout).toContain('You have no texts in the reserve.');
    expect((await reserve('status')).stdout).toContain('1 text used by exams so far');
  });

  it('says what is wrong where there are no texts', async () => {
    write('short.txt', words(19, 'alpha'));
    write('wide.txt', 'x'.repeat(240 * 24));
    write('picture.png', new Uint8Array(100));
    const none = await reserve('add', 'texts');
    expect([none.code, none.stdout]).toEqual([2, '']);
    expect(none.stderr).toMatch(
      /No texts found in texts\. A text of the reserve has 20 words or more and 2000 bytes at most; 1 too short, 2 too long, 1 no text/,
    );
    expect((await reserve('add', 'nowhere')).stderr).toContain('There is no file or folder "nowhere"');
    expect((await reserve('add')).code).toBe(2);
  });

  it('names files that cannot be read, and adds the others', async () => {
    write('good.txt', words(60, 'alpha'));
    write('bad.txt', Uint8Array.of(0xff, 0xfe, 0xfd));
    const { code, stdout, stderr } = await reserve('add', 'texts/good.txt', 'texts/bad.txt');
    expect([code, stdout]).toEqual([3, expect.stringContaining('1 text added.')]);
    expect(stderr).toContain('texts/bad.txt');
  });

  it('adds 5,000 texts at once at most, and has 10,000 wait', async () => {
    const rows = (word: string): string =>
      Array.from({ length: 5_100 }, (_, row) => `{"text":"${words(20, `${word}${row}x`)}"}\n`).join('');
    write('rows.jsonl', rows('a'));
    expect(JSON.parse((await reserve('add', 'texts', '--json')).stdout)).toMatchObject({
      added: 5_000,
      isFull: true,
    });
    write('rows.jsonl', rows('b'));
    expect((await reserve('add', 'texts')).stdout).toContain('There is no room for more');
    const full = await reserve('add', 'texts');
    expect([full.code, full.stderr]).toEqual([2, expect.stringContaining('The reserve is full: 10000')]);
  });

  it('makes no data directory where there is none', async () => {
    write('a.txt', words(60, 'alpha'));
    for (const args of [['add', 'texts'], ['list'], ['status']]) {
      const { code, stderr } = await reserve(...args, '--data', 'other');
      expect([code, stderr]).toEqual([2, expect.stringContaining('There is no market in other.')]);
    }
    expect(readdirSync(cwd)).not.toContain('other');
  });
});
