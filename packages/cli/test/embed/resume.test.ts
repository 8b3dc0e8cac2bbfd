import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MoeError } from '@market-of-experts/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { npyHeaderBytes, readNpyHeader } from '../../src/embed/npy-format.ts';
import { startTestMarket, type TestMarket, testDimensions, vectorFor } from '../test-market.ts';
import { type MoeStart, runMoe, startMoe } from '../test-process.ts';

let market: TestMarket;
let cwd: string;
const start = (more: Partial<MoeStart> = {}): MoeStart => ({
  cwd,
  env: { MOE_URL: market.url, MOE_API_KEY: market.apiKey },
  ...more,
});
const moe = (args: string[], more: Partial<MoeStart> = {}) => runMoe(args, start(more));
const lines = (count: number): string =>
  Array.from({ length: count }, (_, index) => `text number ${index}\n`).join('');
const idsOf = async (name: string): Promise<string[]> =>
  (await readFile(join(cwd, name), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).id);
const allIds = (count: number): string[] => Array.from({ length: count }, (_, row) => `many.txt:${row + 1}`);
const embed = (output: string): string[] => [
  ...['embed', 'many.txt', '--lines', '--batch', '10', '--concurrency', '2', '-o', output],
];
const expectPaidOnce = (count: number): void => {
  expect(new Set(market.paid.values())).toEqual(new Set([1]));
  expect(market.paid.size).toBe(count);
};

async function waitFor(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise(setImmediate);
}

/** The market answers 30 of the texts and keeps the rest waiting. */
function holdAfterThirty(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  let answered = 0;
  market.beforeAnswer = async ({ texts, signal }) => {
    answered += texts.length;
    if (answered <= 30) return;
    const left = Promise.withResolvers<void>();
    signal?.addEventListener('abort', () => left.resolve());
    await Promise.race([promise, left.promise]);
    if (signal?.aborted) throw new MoeError('request-aborted', 'The client has gone.');
  };
  return resolve;
}

/** Waits until three batches are in the file and two more are under way. */
async function untilHeld(rowsFile: string): Promise<void> {
  await waitFor(async () => {
    const text = await readFile(join(cwd, rowsFile), 'utf8').catch(() => '');
    return text.split('\n').length - 1 === 30 && market.requests.length === 5;
  });
}

async function expectMatrix(name: string, rows: number): Promise<void> {
  const matrix = await readFile(join(cwd, name));
  expect(readNpyHeader(matrix)).toEqual({ rows, dimensions: testDimensions });
  for (let row = 0; row < rows; row += 1) {
    const at = npyHeaderBytes + row * testDimensions * 4;
    const vector = Array.from({ length: testDimensions }, (_, index) => matrix.readFloatLE(at + 4 * index));
    expect(vector).toEqual([...vectorFor(`text number ${row}`)]);
  }
}

beforeEach(async () => {
  market = await startTestMarket();
  cwd = await mkdtemp(join(tmpdir(), 'moe-resume-'));
  await writeFile(join(cwd, 'many.txt'), lines(60));
});
afterEach(async () => {
  await market.close();
  await rm(cwd, { recursive: true, force: true });
});

describe('a run that is interrupted', () => {
  it.each([
    ['out.jsonl', 'out.jsonl'],
    ['out.npy', 'out.ids.jsonl'],
  ])('goes on after Ctrl-C: %s', async (output, rowsFile) => {
    const release = holdAfterThirty();
    const process = startMoe(embed(output), start());
    await untilHeld(rowsFile);
    process.kill('SIGINT');
    await process.saysOnError('Waiting for 20 texts under way. Ctrl-C again drops them.');
    release();
    const interrupted = await process.done;
    expect(interrupted.code).toBe(130);
    expect(interrupted.stderr).toContain(
      `Run the same command again to go on; what ${output} holds is not paid again.`,
    );
    // What was under way was paid, so it was written.
    expect(await idsOf(rowsFile)).toHaveLength(50);
    expectPaidOnce(50);

    const resumed = await moe(embed(output));
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain(`${output} holds 50 texts already`);
    expect(await idsOf(rowsFile)).toEqual(allIds(60));
    expectPaidOnce(60);
    if (output.endsWith('.npy')) await expectMatrix(output, 60);

    const again = await moe([...embed(output), '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ embedded: 0, resumed: 60, costMicro: '0' });
    expectPaidOnce(60);
  });

  it('drops what is under way at the second Ctrl-C', async () => {
    holdAfterThirty();
    const process = startMoe(embed('out.jsonl'), start());
    await untilHeld('out.jsonl');
    process.kill('SIGINT');
    await process.saysOnError('Ctrl-C again drops them.');
    process.kill('SIGINT');
    const { code, stderr } = await process.done;
    expect(code).toBe(130);
    expect(stderr).toContain('30 texts embedded');
    expect(await idsOf('out.jsonl')).toHaveLength(30);
    market.beforeAnswer = async () => {};
    expect((await moe(embed('out.jsonl'))).code).toBe(0);
    expect(await idsOf('out.jsonl')).toEqual(allIds(60));
    expectPaidOnce(60);
  });

  it.each([
    ['out.jsonl', 'out.jsonl'],
    ['out.npy', 'out.ids.jsonl'],
  ])('goes on after kill -9, also from a torn line: %s', async (output, rowsFile) => {
    holdAfterThirty();
    const process = startMoe(embed(output), start());
    await untilHeld(rowsFile);
    process.kill('SIGKILL');
    expect((await process.done).code).toBeNull();
    if (output.endsWith('.npy')) await expectMatrixPrefix(output);
    await appendFile(join(cwd, rowsFile), '{"id":"many.txt:31","source":"ma');
    market.beforeAnswer = async () => {};
    const resumed = await moe(embed(output));
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain(`${output} holds 30 texts already`);
    expect(await idsOf(rowsFile)).toEqual(allIds(60));
    expectPaidOnce(60);
    if (output.endsWith('.npy')) await expectMatrix(output, 60);
  });

  it('reads standard input that stays open, and stops at Ctrl-C', async () => {
    const process = startMoe(
      ['embed', '-', '--batch', '1', '-o', 'out.jsonl'],
      start({ holdsStdin: true, stdin: 'one text\nanother text\n' }),
    );
    await waitFor(() => market.paid.size === 2);
    process.kill('SIGINT');
    expect((await process.done).code).toBe(130);
    // As they were answered: it is put in order when all is done.
    expect((await idsOf('out.jsonl')).sort()).toEqual(['-:1', '-:2']);
  });

  async function expectMatrixPrefix(name: string): Promise<void> {
    const matrix = await readFile(join(cwd, name));
    expect(readNpyHeader(matrix)!.rows).toBe(30);
    expect(matrix.length).toBe(npyHeaderBytes + 30 * testDimensions * 4);
  }
});

describe('files that an earlier run left', () => {
  it('are repaired when matrix and sidecar do not agree', async () => {
    await moe(embed('out.npy'));
    const rowBytes = testDimensions * 4;
    await truncate(join(cwd, 'out.npy'), npyHeaderBytes + 40 * rowBytes + 5);
    expect((await moe(embed('out.npy'))).stderr).toContain('out.npy holds 40 texts already');
    await expectMatrix('out.npy', 60);
    const sidecar = await readFile(join(cwd, 'out.ids.jsonl'), 'utf8');
    await writeFile(join(cwd, 'out.ids.jsonl'), sidecar.split('\n').slice(0, 45).join('\n'));
    expect((await moe(embed('out.npy'))).stderr).toContain('out.npy holds 44 texts already');
    await expectMatrix('out.npy', 60);
    expect(await idsOf('out.ids.jsonl')).toEqual(allIds(60));
  });

  it('keep their rows when the input grows, and its order holds', async () => {
    await writeFile(join(cwd, 'many.txt'), lines(30));
    await moe(embed('out.jsonl'));
    await writeFile(join(cwd, 'many.txt'), lines(60));
    const { stderr } = await moe(embed('out.jsonl'));
    expect(stderr).toContain('30 texts embedded');
    expect(stderr).toContain('30 were there already');
    expect(await idsOf('out.jsonl')).toEqual(allIds(60));
    expectPaidOnce(60);
  });

  it('are forgotten with --overwrite', async () => {
    await moe(embed('out.jsonl'));
    const { stderr } = await moe([...embed('out.jsonl'), '--overwrite']);
    expect(stderr).toContain('60 texts embedded');
    expect(new Set(market.paid.values())).toEqual(new Set([2]));
    expect(await idsOf('out.jsonl')).toEqual(allIds(60));
  });

  it('do not take vectors of another edition', async () => {
    await moe(embed('out.jsonl'));
    const text = await readFile(join(cwd, 'out.jsonl'), 'utf8');
    const other = text.replaceAll('"model":"text-embedding@1"', '"model":"text-embedding@2"');
    await writeFile(join(cwd, 'out.jsonl'), other);
    const { code, stderr } = await moe(embed('out.jsonl'));
    expect(code).toBe(2);
    expect(stderr).toContain('out.jsonl holds vectors of "text-embedding@2", not of "text-embedding@1"');
    expect(await readFile(join(cwd, 'out.jsonl'), 'utf8')).toBe(other);
  });
});

describe('a market in trouble', () => {
  it('refuses one text: the others are embedded and paid once', async () => {
    await writeFile(join(cwd, 'many.txt'), `${lines(20)}please REFUSE this\n`);
    const { code, stderr } = await moe([
      ...['embed', 'many.txt', '--lines', '--batch', '21', '-o', 'out.jsonl'],
    ]);
    expect(code).toBe(3);
    expect(stderr).toContain('failed many.txt:21: This text is refused.');
    expect(stderr).toContain('20 texts embedded');
    expect(await idsOf('out.jsonl')).toEqual(allIds(20));
    expectPaidOnce(20);
  });

  it('stops at the first failure with --fail-fast', async () => {
    await writeFile(join(cwd, 'many.txt'), `please REFUSE this\n${lines(60)}`);
    const { code, stdout } = await moe([
      ...['embed', 'many.txt', '--lines', '--batch', '1', '--concurrency', '1', '--fail-fast'],
      ...['-o', 'out.jsonl', '--json'],
    ]);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      failed: 1,
      failures: [{ source: 'many.txt', line: 1, reason: 'This text is refused.' }],
    });
    expect(market.paid.size).toBeLessThan(60);
  });

  it('is overloaded for a while: requests are sent again', async () => {
    let refusals = 2;
    market.beforeAnswer = async () => {
      refusals -= 1;
      if (refusals >= 0) throw new MoeError('no-quorum', 'Too few experts answered.');
    };
    await writeFile(join(cwd, 'many.txt'), lines(5));
    const { code } = await moe([...embed('out.jsonl')]);
    expect(code).toBe(0);
    expectPaidOnce(5);
  });

  it('keeps failing: the run ends and can go on later', async () => {
    market.beforeAnswer = async () => {
      throw new MoeError('no-quorum', 'Too few experts answered.');
    };
    const { code, stderr } = await moe([...embed('out.jsonl'), '--retries', '0']);
    expect(code).toBe(1);
    expect(stderr).toContain('failed many.txt:1: Too few experts answered.');
    expect(stderr).toContain('error: The market failed several requests in a row');
    market.beforeAnswer = async () => {};
    expect((await moe(embed('out.jsonl'))).code).toBe(0);
    expectPaidOnce(60);
  });

  it('has no credit left for us: what was paid is kept', async () => {
    let answered = 0;
    market.beforeAnswer = async () => {
      answered += 1;
      if (answered > 2) throw new MoeError('insufficient-funds', 'The account has too few credits.');
    };
    const { code, stderr } = await moe([...embed('out.jsonl'), '--concurrency', '1']);
    expect(code).toBe(1);
    expect(stderr).toContain('20 texts embedded');
    expect(stderr).toContain('Run the same command again to go on');
    expect(stderr).toContain('error: The account has too few credits.');
    expect(await idsOf('out.jsonl')).toEqual(allIds(20));
    const json = await moe([...embed('out.jsonl'), '--json']);
    expect(json).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(json.stderr).error.metadata).toMatchObject({ status: 402 });
  });
});

describe('--dry-run', () => {
  it('counts and estimates, and pays nothing', async () => {
    await writeFile(join(cwd, 'many.txt'), `${'x'.repeat(512)}\n${'y'.repeat(511)}\n${'z'.repeat(1_001)}\n`);
    const { code, stdout, stderr } = await moe(['embed', 'many.txt', '--lines', '--dry-run']);
    expect(code).toBe(3);
    expect(stdout).toBe(
      "2 texts, 1,023 bytes; 1 cannot be embedded, 0 skipped\nAbout 0.001023 credits at today's price.\n",
    );
    expect(stderr).toContain('failed many.txt:3: has 1001 bytes');
    expect(market.requests).toEqual([]);
    const json = await moe(['embed', 'many.txt', '--lines', '--dry-run', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ dryRun: true, texts: 2, estimatedFeeMicro: '1023' });
  });

  it('counts without a market too', async () => {
    const { code, stdout } = await moe([
      ...['embed', 'many.txt', '--lines', '--dry-run', '--url', 'http://127.0.0.1:1'],
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('60 texts');
    expect(stdout).toContain('Price unknown: no market answers at http://127.0.0.1:1.');
  });
});
