import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { npyHeaderBytes, readNpyHeader } from '../../src/embed/npy-format.ts';
import { startTestMarket, type TestMarket, testDimensions, vectorFor } from '../test-market.ts';
import { type MoeStart, moeCommand, runMoe, runShell } from '../test-process.ts';

let market: TestMarket;
let cwd: string;
const environment = () => ({ MOE_URL: market.url, MOE_API_KEY: market.apiKey });
const moe = (args: string[], start: Partial<MoeStart> = {}) =>
  runMoe(args, { cwd, env: environment(), ...start });
const put = async (name: string, content: string | Uint8Array): Promise<void> => {
  await mkdir(dirname(join(cwd, name)), { recursive: true });
  await writeFile(join(cwd, name), content);
};

interface OutputRow {
  readonly id: string;
  readonly source: string;
  readonly line?: number;
  readonly text?: string;
  readonly receipt: string;
  readonly embedding: number[];
}
const parseRows = (text: string): OutputRow[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const rowsOf = async (name: string): Promise<OutputRow[]> =>
  parseRows(await readFile(join(cwd, name), 'utf8'));
const manyLines = (count: number): string =>
  Array.from({ length: count }, (_, index) => `text number ${index}\n`).join('');
beforeEach(async () => {
  market = await startTestMarket();
  cwd = await mkdtemp(join(tmpdir(), 'moe-embed-'));
});
afterEach(async () => {
  await market.close();
  await rm(cwd, { recursive: true, force: true });
});

describe('inputs', () => {
  it('reads standard input by lines', async () => {
    const { code, stdout, stderr } = await moe(['embed', '-'], {
      stdin: 'first text\n\n second text \r\nlast',
    });
    expect(code).toBe(0);
    const rows = parseRows(stdout);
    expect(rows.map(({ id }) => id)).toEqual(['-:1', '-:3', '-:4']);
    expect(rows[1]!.embedding.map(Math.fround)).toEqual([...vectorFor('second text')]);
    expect(rows[0]!.receipt).toMatch(/^[0-9a-f]{64}$/);
    expect(stderr).toMatch(/^3 texts embedded in .*; cost 0\.00003 credits\n$/);
  });

  it('reads folders whole file by file, skipping what is no text', async () => {
    await put('docs/a.txt', '\ufeffwhole file\nof two lines\n');
    await put('docs/sub/b.md', 'markdown');
    await put('docs/picture.png', Buffer.from([137, 80, 78, 71, 0, 1, 2]));
    await put('docs/rows.jsonl', '{"text":"from jsonl"}\n');
    await put('docs/.hidden', 'hidden');
    await put('docs/node_modules/x.txt', 'dependency');
    await put('docs/empty.txt', '');
    const { code, stderr } = await moe(['embed', 'docs', '-o', 'docs/out.jsonl', '--with-text']);
    expect(code).toBe(0);
    expect((await rowsOf('docs/out.jsonl')).map(({ id, text }) => [id, text])).toEqual([
      ['docs/a.txt', 'whole file\nof two lines'],
      ['docs/rows.jsonl:1', 'from jsonl'],
      ['docs/sub/b.md', 'markdown'],
    ]);
    expect(stderr).toContain('skipped docs/picture.png: is binary');
    expect(stderr).toContain('skipped docs/empty.txt: is empty.');
    const onlyMarkdown = await moe(['embed', 'docs', '--ext', '.md']);
    expect(parseRows(onlyMarkdown.stdout).map(({ id }) => id)).toEqual(['docs/sub/b.md']);
  });

  it('reads paragraphs, with the line at which each begins', async () => {
    await put('book.txt', '\n\nOne\ntwo.\n\n   \nThree.\n');
    const { stdout } = await moe(['embed', 'book.txt', '--paragraphs', '--with-text']);
    expect(parseRows(stdout).map(({ id, text }) => [id, text])).toEqual([
      ['book.txt:3', 'One\ntwo.'],
      ['book.txt:7', 'Three.'],
    ]);
  });

  it('reads JSONL fields and ids, and goes on after bad rows', async () => {
    await put(
      'rows.jsonl',
      [
        '{"body":"good one","n":7}',
        '{"body":',
        '[1]',
        '{"text":"wrong field","n":8}',
        '{"body":5,"n":9}',
        '{"body":"  ","n":10}',
        '{"body":"no id"}',
        '',
        '{"body":"good two","n":"x"}',
      ].join('\n'),
    );
    const { code, stdout, stderr } = await moe(['embed', 'rows.jsonl', '--field', 'body', '--id', 'n']);
    expect(code).toBe(3);
    expect(parseRows(stdout).map(({ id, line }) => [id, line])).toEqual([
      ['7', 1],
      ['x', 9],
    ]);
    expect(stderr.match(/^failed rows\.jsonl:\d/gm)).toEqual(
      [2, 3, 4, 5, 6, 7].map((n) => `failed rows.jsonl:${n}`),
    );
    expect(stderr).toContain('has no field "body", only text, n. Name it with --field.');
  });

  it('reads a CSV column with quoted fields, and goes on after bad rows', async () => {
    await put(
      'reviews.csv',
      'key,body,stars\nr1,"one, with ""quotes""\nand two lines",5\nr2,too,many,fields\nr3,,2\nr4,four,1\n',
    );
    const { code, stdout, stderr } = await moe([
      ...['embed', 'reviews.csv', '--column', 'body', '--id', 'key', '--with-text'],
    ]);
    expect(code).toBe(3);
    expect(parseRows(stdout).map(({ id, line, text }) => [id, line, text])).toEqual([
      ['r1', 2, 'one, with "quotes"\nand two lines'],
      ['r4', 6, 'four'],
    ]);
    expect(stderr).toMatch(/failed reviews\.csv:4: is no good CSV/);
    expect(stderr).toContain('failed reviews.csv:5: has nothing in "body".');
  });

  it('asks which column holds the text', async () => {
    await put('a.csv', 'x,y\n1,2\n');
    const missing = await moe(['embed', 'a.csv']);
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toContain('Which column of a.csv holds the text? Name it with --column: x, y.');
    const wrong = await moe(['embed', 'a.csv', '--column', 'z']);
    expect(wrong.stderr).toContain('a.csv has no column "z". Give --column one of: x, y.');
    await put('b.tsv', 'text\ttitle\nhello there\tx\n');
    const tabs = await moe(['embed', 'b.tsv', '--with-text']);
    expect(parseRows(tabs.stdout)[0]!.text).toBe('hello there');
    await put('c.csv', 'x;y\n"half open;2\n');
    const open = await moe(['embed', 'c.csv', '--column', 'x', '--delimiter', ';']);
    expect(open.code).toBe(3);
    expect(open.stderr).toContain('is no good CSV');
  });

  it('reports what is binary, not UTF-8 or too long, by its place', async () => {
    await put('bad.txt', Buffer.concat([Buffer.from('good line\n'), Buffer.from([0xff, 0xfe, 0x41, 10])]));
    await appendFile(join(cwd, 'bad.txt'), `${'x'.repeat(1_001)}\nanother good line\n`);
    await put('binary', Buffer.from([1, 0, 2]));
    const { code, stdout, stderr } = await moe(['embed', 'bad.txt', 'binary', '--lines']);
    expect(code).toBe(3);
    expect(parseRows(stdout).map(({ id }) => id)).toEqual(['bad.txt:1', 'bad.txt:4']);
    expect(stderr).toContain('failed bad.txt:2: is not UTF-8');
    expect(stderr).toContain('failed bad.txt:3: has 1001 bytes; this market takes at most 1000 a text.');
    expect(stderr).toContain('failed binary: is binary');
  });
});

describe('outputs', () => {
  it('writes a NumPy matrix in the order of the input, with a sidecar of ids', async () => {
    await put('many.txt', manyLines(100));
    // Later batches are answered first.
    const { promise, resolve } = Promise.withResolvers<void>();
    market.beforeAnswer = async ({ texts }) => {
      if (texts.includes('text number 0')) await promise;
      else if (texts.includes('text number 60')) resolve();
    };
    const { code, stdout } = await moe([
      'embed',
      'many.txt',
      '--lines',
      '--batch',
      '10',
      '-o',
      'out.npy',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      embedded: 100,
      resumed: 0,
      failed: 0,
      costMicro: '1000',
      interrupted: false,
      output: 'out.npy',
      failures: [],
    });
    const matrix = await readFile(join(cwd, 'out.npy'));
    expect(readNpyHeader(matrix)).toEqual({ rows: 100, dimensions: testDimensions });
    expect(matrix.subarray(0, 8)).toEqual(Buffer.from('\x93NUMPY\x01\x00', 'latin1'));
    expect((10 + matrix.readUInt16LE(8)) % 64).toBe(0);
    expect(matrix.length).toBe(npyHeaderBytes + 100 * testDimensions * 4);
    const ids = await rowsOf('out.ids.jsonl');
    expect(ids.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, row) => `many.txt:${row + 1}`));
    for (const row of [0, 57, 99]) {
      const at = npyHeaderBytes + row * testDimensions * 4;
      const vector = Array.from({ length: testDimensions }, (_, index) => matrix.readFloatLE(at + 4 * index));
      expect(vector).toEqual([...vectorFor(`text number ${row}`)]);
    }
  });

  it('writes JSONL in the order of the input, whatever order the answers come in', async () => {
    await put('many.txt', manyLines(50));
    const { promise, resolve } = Promise.withResolvers<void>();
    market.beforeAnswer = async ({ texts }) => {
      if (texts.includes('text number 0')) await promise;
      else if (texts.includes('text number 20')) resolve();
    };
    const args = ['embed', 'many.txt', '--lines', '--batch', '5'];
    expect((await moe([...args, '-o', 'out.jsonl'])).code).toBe(0);
    const inOrder = Array.from({ length: 50 }, (_, row) => `many.txt:${row + 1}`);
    expect((await rowsOf('out.jsonl')).map(({ id }) => id)).toEqual(inOrder);
    expect(parseRows((await moe(args)).stdout).map(({ id }) => id)).toEqual(inOrder);
  });

  it('leaves a file alone that it did not write, and does not mix lengths', async () => {
    await put('a.txt', 'a text');
    await put('mine.jsonl', '{"name":"precious"}\n');
    const foreign = await moe(['embed', 'a.txt', '-o', 'mine.jsonl']);
    expect(foreign.code).toBe(2);
    expect(foreign.stderr).toContain('Line 1 of mine.jsonl was not written by `moe embed`');
    expect(await readFile(join(cwd, 'mine.jsonl'), 'utf8')).toBe('{"name":"precious"}\n');
    await put('mine.npy', 'no matrix');
    expect((await moe(['embed', 'a.txt', '-o', 'mine.npy'])).stderr).toContain('mine.npy was not written by');
    expect((await moe(['embed', 'a.txt', '-o', 'mine.npy', '--overwrite'])).code).toBe(0);
    const nowhere = await moe(['embed', 'a.txt', '-o', 'no/such/folder.jsonl']);
    expect(nowhere).toMatchObject({ code: 2, stdout: '' });
    expect(market.paid.get('a text')).toBe(1);
  });

  it('ends quietly when its reader has had enough', async () => {
    await put('many.txt', manyLines(20_000));
    const { stdout, stderr } = await runShell(
      `${moeCommand} embed many.txt --lines | head -1; echo "code \${PIPESTATUS[0]}"`,
      { cwd, env: environment() },
    );
    const [first, code] = stdout.trimEnd().split('\n');
    expect(JSON.parse(first!).id).toBe('many.txt:1');
    expect(code).toBe('code 0');
    expect(stderr).toBe('');
    expect(market.paid.size).toBeLessThan(20_000);
  });

  it('draws a progress bar on a terminal, and only there', async () => {
    await put('many.txt', manyLines(64));
    const held = Promise.withResolvers<void>();
    let answered = 0;
    market.beforeAnswer = async () => {
      answered += 1;
      if (answered > 1) await held.promise;
    };
    const { stdout } = await runShell(
      `script -qefc "${moeCommand} embed many.txt --lines -o out.jsonl" /dev/null`,
      { cwd, env: environment() },
      (output) => {
        if (output.includes('50 % 32/64')) held.resolve();
      },
    );
    expect(stdout).toContain('██████████░░░░░░░░░░ 50 % 32/64');
    expect(stdout).toContain('0.00032 credits');
    expect(stdout).toContain('64 texts embedded');
    expect(await rowsOf('out.jsonl')).toHaveLength(64);
  });
});
