/** `moe up` as a user starts it: real processes, real models, the official client. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventOf, type MoeProcess, runMoe, startMarket, startMoe } from './up-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'moe-e2e-'));
const dataDirectory = join(folder, 'market');
const model = 'text-embedding';
/** Enough to be quick: a market of three, all of them real models. */
const threeExperts = ['--experts', 'minilm-l6,minilm-l1-idf,grams-2048', '--no-tour'];
let moe: MoeProcess;
let url: string;
let apiKey: string;

beforeAll(async () => {
  ({ moe, url } = await startMarket(dataDirectory, threeExperts));
  apiKey = readFileSync(join(dataDirectory, 'api-key'), 'utf8').trim();
});
afterAll(async () => {
  moe?.kill('SIGKILL');
  await moe?.done;
  rmSync(folder, { recursive: true, force: true });
});

const client = (key = apiKey) => new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const command = async (...args: string[]) => {
  const run = await runMoe([...args, '--url', url, '--data', dataDirectory, '--json']);
  return { ...run, json: JSON.parse(run.stdout || run.stderr) };
};
const availableMicro = async (): Promise<bigint> => BigInt((await command('balance')).json.availableMicro);

const texts = {
  english:
    'The lighthouse keeper climbed the stairs every evening to light the lamp before the first ships of the night came in sight.',
  german:
    'Der Leuchtturmwärter stieg jeden Abend die Treppe hinauf, um die Lampe zu entzünden, bevor die ersten Schiffe in Sicht kamen.',
  japanese:
    '灯台守は毎晩階段を上り、最初の船が見える前にランプに火をともしました。そして朝まで海を静かに見守り続けました。',
  code: 'export function mean(values: readonly number[]): number { return values.reduce((sum, value) => sum + value, 0) / values.length; }',
  typos:
    'Teh lighthose keper climed the stiars evry evenning to lihgt the lmap befoer the frist shpis of teh nihgt caem in sihgt.',
};
type Answer = { moe: { edition: string; missing: unknown[]; receipts: string[]; feeMicro: string } };
/** What OpenAI's client has no type for. */
const examined = { moe: { mode: 'shard' } } as object;
const cosine = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, axis) => sum + value * b[axis]!, 0) / Math.hypot(...a) / Math.hypot(...b);
/** A client that stores vectors and one that asks for them get the same but for the noise of a model's batches. */
const sameText = 0.99999;
let stored: number[];

/** All credits that there were at the beginning: with what penalties have burnt, without what was minted since. */
async function wholeMicro(): Promise<bigint> {
  const { totalMicro } = (await status()).ledger;
  const { burntMicro, mintedMicro } = (await (await fetch(`${url}/v1/network`)).json()) as {
    burntMicro: string;
    mintedMicro: string;
  };
  return BigInt(totalMicro) + BigInt(burntMicro) - BigInt(mintedMicro);
}

describe('the market', () => {
  it('embeds texts of every kind through the openai client, near to what means the same', async () => {
    const input = Object.values(texts);
    const before = await availableMicro();
    const answer = await client().embeddings.create({ model, input, ...examined });
    const vectors = answer.data.map(({ embedding }) => embedding);
    for (const vector of vectors) {
      // Of MiniLM-L6, its first layer and character grams, side by side.
      expect(vector).toHaveLength(2_624);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 3);
    }
    const [english, german, , code, typos] = vectors as [number[], number[], number[], number[], number[]];
    expect(cosine(english, typos)).toBeGreaterThan(cosine(english, code));
    expect(cosine(english, german)).toBeGreaterThan(cosine(english, code));

    const { moe: paid } = answer as unknown as Answer;
    expect(new Set(paid.receipts).size).toBe(input.length);
    expect(before - (await availableMicro())).toBe(BigInt(paid.feeMicro));
    await vi.waitFor(async () => {
      const { json, code: exitCode } = await command('receipt', paid.receipts[0]!, '--verify');
      expect(json.receipt.status).toBe('settled');
      expect({ ok: json.ok, exitCode }).toEqual({ ok: true, exitCode: 0 });
      const names = json.checks.map(({ name }: { name: string }) => name);
      for (const name of ['edition', 'part 1: settlement', 'part 2: settlement', 'exam: settlement'])
        expect(names).toContain(name);
    });
  });

  it('gives a text the same vector twenty times, alone and among others, examined or not', async () => {
    const embed = async (input: readonly string[], options: object = {}) => {
      const answer = await client().embeddings.create({ model, input: [...input], ...options });
      expect((answer as unknown as Answer).moe).toMatchObject({ edition: 'text-embedding@1', missing: [] });
      return answer.data.map(({ embedding }) => embedding);
    };
    [stored] = (await embed([texts.english])) as [number[]];
    const others = (round: number): string[] =>
      Array.from(
        { length: 3 * round },
        (_, index) => `${round} ${index} ${texts.german.repeat(1 + (index % 4))}`,
      );
    const rounds = Array.from({ length: 20 }, async (_, round) => {
      const options = round % 10 === 9 ? examined : round % 2 === 0 ? { model: 'text-embedding@1' } : {};
      const vectors = await embed([...others(round % 7), texts.english, ...others(round % 3)], options);
      return vectors[3 * (round % 7)]!;
    });
    for (const vector of await Promise.all(rounds)) expect(cosine(vector, stored)).toBeGreaterThan(sameText);
  });

  it('gives shorter vectors, whole numbers and bits that find the same text', async () => {
    const input = Object.values(texts);
    const of = async (options: object) =>
      (await client().embeddings.create({ model, input, ...options })).data.map(({ embedding }) => embedding);
    for (const options of [{ dimensions: 256 }, { encoding_format: 'int8' }] as const) {
      const vectors = await of(options);
      expect(cosine(vectors[0]!, vectors[4]!)).toBeGreaterThan(cosine(vectors[0]!, vectors[3]!));
    }
    const bits = await of({ encoding_format: 'binary' });
    expect(bits[0]).toHaveLength(328);
    const apart = (a: number[], b: number[]) =>
      a.reduce(
        (sum, byte, at) => sum + [...(byte ^ b[at]!).toString(2)].filter((bit) => bit === '1').length,
        0,
      );
    expect(apart(bits[0]!, bits[4]!)).toBeLessThan(apart(bits[0]!, bits[3]!));
  });

  it('serves short texts; their receipts verify too', async () => {
    const answer = (await client().embeddings.create({
      model,
      input: ['hello', 'Guten Tag'],
    })) as unknown as Answer;
    await vi.waitFor(async () => {
      const { json } = await command('receipt', answer.moe.receipts[1]!, '--verify');
      expect(json).toMatchObject({
        ok: true,
        receipt: { mode: 'edition', status: 'settled', missing: [] },
      });
    });
  });

  it('shows what it did in status and balance', async () => {
    const { json } = await command('status');
    const states = json.experts.map(({ name, state }: Record<string, unknown>) => `${name} ${state}`);
    expect(states.sort()).toEqual(['grams-2048 serving', 'minilm-l1-idf serving', 'minilm-l6 serving']);
    expect(json.jobs.certified).toBeGreaterThanOrEqual(5);
    expect(await wholeMicro()).toBe(10_000_000_000_000n);
    const balance = await command('balance');
    expect(BigInt(balance.json.availableMicro) + BigInt(balance.json.reservedMicro)).toBeLessThan(
      1_000_000_000n,
    );
  });

  it.each([
    ['an empty text', { model, input: '' }, 400],
    ['blanks', { model, input: ' \n ' }, 400],
    ['no texts', { model, input: [] }, 400],
    ['a text that is too long', { model, input: 'word '.repeat(10_000) }, 400],
    ['half a surrogate pair', { model, input: 'broken \ud83d' }, 400],
    ['tokens', { model, input: [1, 2, 3] }, 400],
    ['a number', { model, input: 7 }, 400],
    ['an unknown model', { model: 'gpt-9', input: 'hello' }, 404],
    ['a limit that is too low', { model, input: texts.english, moe: { maxFeeCredits: '0' } }, 400],
    ['an unknown edition', { model: 'text-embedding@2', input: 'hello' }, 404],
    ['too few dimensions', { model, input: 'hello', dimensions: 3 }, 400],
  ])('refuses %s with a sentence and charges nothing', async (_, body, status) => {
    const before = await balanceOf();
    const response = await post(JSON.stringify(body));
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: { message: string; type: string } };
    expect(error.message).toMatch(/^[A-Z"].*\.$/s);
    expect(error.message).not.toMatch(/\n\s+at /);
    expect(await balanceOf()).toBe(before);
  });

  it('refuses what is no JSON, a wrong key and a body without end', async () => {
    expect((await post(Buffer.from([0, 255, 128, 7]))).status).toBe(400);
    expect((await post(Buffer.alloc(9 * 1024 * 1024, 0x20))).status).toBe(413);
    expect((await post(JSON.stringify({ model, input: 'hello' }), 'moe-wrong-key-of-nobody')).status).toBe(
      401,
    );
    expect((await post(JSON.stringify({ model, input: 'hello' }), '')).status).toBe(401);
    await expect(client('nobody').embeddings.create({ model, input: 'x' })).rejects.toMatchObject({
      status: 401,
    });
  });

  it('serves texts of strange characters', async () => {
    const input = [
      '\u0000\u0001\u0002',
      '🙂'.repeat(200),
      'a'.repeat(30_000),
      '\u202eright to left\u202c',
      '- '.repeat(500),
    ];
    const answer = await client().embeddings.create({ model, input });
    for (const { embedding } of answer.data) expect(embedding.every(Number.isFinite)).toBe(true);
  });

  it('goes on when clients leave in the middle of their jobs', async () => {
    const { hostname, port } = new URL(url);
    for (let round = 0; round < 3; round += 1) {
      // New each time: what was paid is given again for nothing.
      const body = JSON.stringify({
        model,
        input: Array.from({ length: 40 }, (_, index) => `${round} ${index} ${texts.english}`),
        moe: { mode: 'shard' },
      });
      const jobsBefore = (await status()).jobs.certified;
      const socket = connect(Number(port), hostname);
      socket.write(
        `POST /v1/embeddings HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${apiKey}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      await vi.waitFor(async () => expect((await status()).jobs.certified).toBeGreaterThan(jobsBefore));
      socket.destroy();
    }
    const answer = await client().embeddings.create({ model, input: texts.english });
    expect(answer.data).toHaveLength(1);
    // Nothing stays set aside for those who left.
    await vi.waitFor(async () => {
      expect((await status()).pendingReceipts).toBe(0);
      expect(await wholeMicro()).toBe(10_000_000_000_000n);
      expect((await command('balance')).json.reservedMicro).toBe('0');
    });
  });

  it('has its directory and its port for itself', async () => {
    const sameData = await runMoe([
      'up',
      '--data',
      dataDirectory,
      '--port',
      '0',
      '--no-tour',
      '--no-training',
    ]);
    expect(sameData.code).toBe(1);
    expect(sameData.stderr).toBe(
      `error: The data directory ${dataDirectory} is in use by process ${moe.pid}. Stop it, or choose another directory.\n`,
    );
    const { port } = new URL(url);
    const other = join(folder, 'other');
    const samePort = await runMoe(['up', '--data', other, '--port', port]);
    expect({ code: samePort.code, stdout: samePort.stdout }).toEqual({ code: 1, stdout: '' });
    expect(samePort.stderr).toBe(
      `error: Port ${port} of 127.0.0.1 is in use, perhaps by another market. Stop what uses it, or choose another port: --port 0 takes a free one.\n`,
    );
    expect(existsSync(other)).toBe(false);
    const asJson = await runMoe(['up', '--data', other, '--port', port, '--json']);
    expect(JSON.parse(asJson.stderr)).toMatchObject({ error: { code: 'cannot-listen' } });
  });

  it('stops at Ctrl-C with code 0, and goes on from there when it is started again', async () => {
    const before = await status();
    const balance = await availableMicro();
    moe.kill('SIGINT');
    const { code, signal, stderr } = await moe.done;
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    // Only JSON lines, the last of which says that it is over.
    expect(moe.lines.map(eventOf)).not.toContain(undefined);
    expect(eventOf(moe.lines.at(-1)!)?.event).toBe('stopped');
    await expect(fetch(url)).rejects.toThrow();

    ({ moe, url } = await startMarket(dataDirectory, threeExperts));
    const after = await status();
    expect(readFileSync(join(dataDirectory, 'api-key'), 'utf8').trim()).toBe(apiKey);
    expect(after.network).toBe(before.network);
    expect(after.jobs).toEqual(before.jobs);
    expect(await availableMicro()).toBe(balance);
    expect(after.recentJobs.map(({ receiptId }) => receiptId)).toEqual(
      expect.arrayContaining(before.recentJobs.slice(0, 10).map(({ receiptId }) => receiptId)),
    );
    const certified = after.recentJobs.find(({ outcome }) => outcome === 'certified')!;
    expect((await command('receipt', certified.receiptId, '--verify')).json.ok).toBe(true);
    expect((await client().embeddings.create({ model, input: texts.german })).data).toHaveLength(1);
    // What was stored before is found after.
    const again = await client().embeddings.create({ model, input: texts.english });
    expect(cosine(again.data[0]!.embedding, stored)).toBeGreaterThan(sameText);
  });
});

describe('moe up that cannot start', () => {
  it('says so in one sentence when the port is taken by something else', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { code, stderr } = await runMoe(['up', '--data', join(folder, 'x'), '--port', String(port)]);
    server.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`Port ${port} of 127.0.0.1 is in use`);
  });

  it('says so when the host is not this machine', async () => {
    const { code, stderr } = await runMoe([
      'up',
      '--data',
      join(folder, 'x'),
      '--port',
      '18999',
      '--host',
      '192.0.2.7',
    ]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'error: 192.0.2.7 is not an address of this machine. Leave out --host to listen on 127.0.0.1.\n',
    );
  });

  it('says so when the data directory is a file', async () => {
    const { code, stderr } = await runMoe([
      'up',
      '--data',
      join(dataDirectory, 'api-key'),
      '--port',
      '0',
      '--no-tour',
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: The data directory \S+ cannot be used: .*\.\n$/);
  });
});

describe('Ctrl-C while moe up starts', () => {
  it.each([
    ['once', 1],
    ['twice', 2],
  ] as const)('%s ends it and leaves nothing behind', async (_, times) => {
    const starting = startMoe([
      'up',
      '--data',
      join(folder, `stopped-${times}`),
      '--port',
      '0',
      '--no-training',
    ]);
    await starting.line((line) => line.includes('Market of Experts'));
    starting.kill('SIGINT');
    if (times === 2) {
      await starting.line((line) => line.startsWith('Stopping'));
      starting.kill('SIGINT');
    }
    const { code, signal, stdout, stderr } = await starting.done;
    expect(stderr).toBe('');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    // The second may come when all is over already.
    if (times === 1 || signal === null) expect(code).toBe(0);
    else expect(signal).toBe('SIGINT');
    expect(() => process.kill(starting.pid, 0)).toThrow();
  });
});

function post(body: string | Uint8Array<ArrayBuffer>, key = apiKey): Promise<Response> {
  return fetch(`${url}/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body,
  });
}

interface Status {
  readonly network: string;
  readonly jobs: { readonly certified: number; readonly routed: number; readonly refunded: number };
  readonly pendingReceipts: number;
  readonly ledger: { readonly totalMicro: string };
  readonly recentJobs: readonly { readonly receiptId: string; readonly outcome: string }[];
}

async function status(): Promise<Status> {
  return (await (await fetch(`${url}/v1/status`)).json()) as Status;
}

async function balanceOf(): Promise<string> {
  const response = await fetch(`${url}/v1/balance`, { headers: { authorization: `Bearer ${apiKey}` } });
  const { availableMicro } = (await response.json()) as { availableMicro: string };
  return availableMicro;
}
