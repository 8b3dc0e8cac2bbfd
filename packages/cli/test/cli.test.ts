import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ShownText } from '@market-of-experts/api/shown-text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestMarket, type TestMarket } from './test-market.ts';
import { type MoeStart, runMoe } from './test-process.ts';

let market: TestMarket;
let cwd: string;
const moe = (args: string[], start: Partial<MoeStart> = {}) =>
  runMoe(args, { cwd, ...start, env: { MOE_URL: market.url, ...start.env } });

beforeAll(async () => {
  market = await startTestMarket();
  cwd = await mkdtemp(join(tmpdir(), 'moe-cli-'));
});
afterAll(async () => {
  await market.close();
  await rm(cwd, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

describe('help', () => {
  it.each([['up'], ['embed'], ['status'], ['balance'], ['receipt'], ['scout']])(
    'of %s is ours and has examples',
    async (command) => {
      const { code, stdout, stderr } = await moe([command, '--help']);
      expect(stdout).toMatch(new RegExp(`^Usage: moe ${command} `));
      expect(stdout).toContain('Examples:\n  $ ');
      expect(stdout).not.toMatch(control);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    },
  );

  it('of moe up names every option', async () => {
    const { stdout } = await moe(['up', '--help']);
    for (const option of ['port', 'host', 'data', 'no-tour', 'no-training', 'no-pricing', 'experts', 'json'])
      expect(stdout).toContain(`--${option}`);
  });

  it('without arguments lists the commands', async () => {
    const { code, stdout } = await moe([]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: moe/);
    expect(stdout).toContain('receipt');
  });

  it('is also had by moe help COMMAND', async () => {
    const { code, stdout } = await moe(['help', 'embed']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: moe embed /);
  });

  it('prints the version', async () => {
    const { code, stdout } = await moe(['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('wrong usage', () => {
  it('exits 2 and suggests the nearest command or option', async () => {
    const command = await moe(['recipt', 'x']);
    expect(command).toMatchObject({ code: 2, stdout: '' });
    expect(command.stderr).toContain('Did you mean receipt?');
    const option = await moe(['embed', 'x.txt', '--colunm', 'a']);
    expect(option).toMatchObject({ code: 2, stdout: '' });
    expect(option.stderr).toContain('--column');
  });

  it.each([
    [['receipt'], 'missing required argument'],
    [['receipt', '../../etc/passwd'], 'no id of a receipt'],
    [['embed'], 'missing required argument'],
    [['embed', 'no-such-file'], 'There is no file or folder "no-such-file"'],
    [['embed', '-', '--concurrency', '0'], '--concurrency is a whole number from 1'],
    [['embed', '-', '--batch', 'many'], '--batch is a whole number'],
    [['embed', '-', '--max-fee', 'free'], '--max-fee is an amount of credits'],
    [['status', '--recent', 'x'], '--recent is a whole number'],
    [['scout', '--loss', '20'], '--loss is a number from 0 (perfect) to 1'],
    [['scout', '--loss', '1e-2'], '--loss is a number'],
    [['scout', '--loss', ''], '--loss is a number'],
    [['scout', '--limit', '0'], '--limit is a whole number from 1 to 256'],
    [['scout', '--limit', 'all'], '--limit is a whole number'],
    [['embed', '-', '--lines', '--whole'], 'Choose one of --lines and --whole'],
    [['embed', '-', '-'], 'read once only'],
    [['embed', '-', '--json'], '--output'],
    [['embed', '-', '--format', 'xml'], 'Allowed choices are text, jsonl, csv'],
    [['embed', '-', '--model', 'nothing'], 'Give --model one of: text-embedding'],
    [['status', '--url', 'ftp://x'], 'not an address of a market'],
    [['status', '--url', 'http://user:secret@127.0.0.1'], 'Leave user and password out'],
    [['up', '--port', '99999'], 'not a port'],
    [['up', '--experts', 'A B'], 'not a list of experts'],
  ])('%j exits 2 with a sentence', async (args, sentence) => {
    const { code, stdout, stderr } = await moe(args);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stderr.trim().split('\n')).toHaveLength(stderr.includes('Did you mean') ? 2 : 1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('is told as JSON under --json', async () => {
    const { code, stdout, stderr } = await moe(['status', '--nonsense', '--json']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'usage', message: expect.stringContaining('--nonsense') },
    });
  });
});

describe('a market that does not answer', () => {
  it('gets a sentence with what to do', async () => {
    const stopped = await startTestMarket();
    await stopped.close();
    for (const args of [['status'], ['balance'], ['receipt', 'abc'], ['scout'], ['embed', '-']]) {
      const { code, stdout, stderr } = await moe(args, { env: { MOE_URL: stopped.url } });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toBe(
        `error: No market answers at ${stopped.url}. Start one with \`moe up\` (or \`npm start\`), or name another with --url.\n`,
      );
    }
    const json = await moe(['status', '--json'], { env: { MOE_URL: stopped.url } });
    expect(JSON.parse(json.stderr).error).toMatchObject({ code: 'market-unreachable', isRetryable: true });
  });
});

describe('moe status', () => {
  it('tells the operator what to do, near the top', async () => {
    const notice = 'The account of the API key has 3 prepaid credits left: moe transfer client CREDITS.';
    market.status = { notices: [notice] };
    const { stdout } = await moe(['status']);
    const { stdout: json } = await moe(['status', '--json']);
    market.status = {};
    expect(stdout.split('\n')[1]).toBe(`attention: ${notice}`);
    expect(JSON.parse(json).notices).toEqual([notice]);
  });

  it('shows experts, jobs and ledger', async () => {
    const { code, stdout, stderr } = await moe(['status']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/minilm\s+serving\s+0\.125\s+4\s+75 %\s+1\.5\s+0\s+10/);
    expect(stdout).toContain('4 certified, 1 routed, 0 refunded');
    expect(stdout).toContain('height 7, 100 credits in all');
    expect(stdout).not.toMatch(control);
  });

  it('shows who called whom, how often that won, and what each asks', async () => {
    const expert = {
      description: 'a test',
      state: 'serving' as const,
      jobs: 4,
      wins: 3,
      earnedMicro: 0n,
      slashedMicro: 0n,
      stakeMicro: 0n,
    };
    market.status = {
      experts: [
        {
          ...expert,
          id: 'a'.repeat(64),
          name: 'weak',
          callsMade: { jobs: 1_200, wins: 7 },
          callsAnswered: { jobs: 0, wins: 0 },
          askBps: 5_000,
        },
        {
          ...expert,
          id: 'b'.repeat(64),
          name: 'strong',
          callsMade: { jobs: 0, wins: 0 },
          callsAnswered: { jobs: 9, wins: 7 },
          askBps: 1_250,
        },
      ],
      recentJobs: [
        {
          receiptId: 'r1',
          atMs: 1,
          mode: 'shard',
          kind: 'client',
          outcome: 'certified',
          preview: 'a text' as ShownText,
          members: [
            {
              id: 'a'.repeat(64),
              name: 'weak',
              friend: { id: 'b'.repeat(64), name: 'strong\u001b[2J', askBps: 1_250 },
              loss: 0.25,
              probation: false,
            },
          ],
          winner: 'a'.repeat(64),
          feeMicro: 3n,
          durationMs: 4,
        },
      ],
    };
    const { stdout } = await moe(['status']);
    market.status = {};
    expect(stdout).toMatch(/strong\s+–\s+9, won 7\s+12\.5 %\nweak\s+1,200, won 7\s+–\s+50 %/);
    expect(stdout).toMatch(/a text\s+weak → strong\s+0\.250/);
    expect(stdout).toContain('History: 4 certified jobs, by which experts know whom to call; 500 bytes each');
    expect(stdout).not.toMatch(control);
  });

  it('prints the one JSON object of the market under --json', async () => {
    const { stdout } = await moe(['status', '--json']);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ network: 'test', experts: [{ earnedMicro: '1500000' }] });
  });

  it('lets nothing of a market steer the terminal', async () => {
    market.status = {
      recentJobs: [
        {
          receiptId: 'r1',
          atMs: 1,
          mode: 'shard',
          kind: 'client',
          outcome: 'certified',
          preview: 'evil \u001b[2J\u001b]0;title\u0007 text\nnext\u202e' as ShownText,
          members: [{ id: 'b'.repeat(64), name: 'x', loss: 0.25, probation: false }],
          winner: 'b'.repeat(64),
          feeMicro: 3n,
          durationMs: 4,
        },
      ],
    };
    const { stdout } = await moe(['status'], { env: { FORCE_COLOR: '1' } });
    market.status = {};
    expect(stdout).toContain('evil');
    expect(stdout).toContain('0.250');
    expect(stdout).not.toContain('\u001b[2J');
    expect(stdout).not.toContain('\u001b]');
    expect(stdout).not.toContain('\u202e');
  });

  it('colours only where it may', async () => {
    const forced = await moe(['status'], { env: { FORCE_COLOR: '1' } });
    expect(forced.stdout).toContain('\u001b[');
    const plain = await moe(['status'], { env: { NO_COLOR: '1' } });
    expect(plain.stdout).not.toMatch(control);
  });
});

describe('moe balance', () => {
  it('finds the key in option, environment and data directory', async () => {
    const home = join(cwd, 'home');
    await mkdir(home);
    await writeFile(join(home, 'api-key'), `${market.apiKey}\n`);
    await chmod(join(home, 'api-key'), 0o600);
    const expected =
      /^5 credits available\n0\.25 credits reserved.*\n1\.5 credits on the way back to your balance when epoch 12 begins/;
    expect((await moe(['balance', '--key', market.apiKey])).stdout).toMatch(expected);
    expect((await moe(['balance'], { env: { MOE_API_KEY: market.apiKey } })).stdout).toMatch(expected);
    expect((await moe(['balance', '--data', home])).stdout).toMatch(expected);
    expect((await moe(['balance'], { env: { MOE_HOME: home } })).stdout).toMatch(expected);
    const json = JSON.parse((await moe(['balance', '--json', '--data', home])).stdout);
    expect(json).toMatchObject({
      reservedMicro: '250000',
      leaving: { amountMicro: '1500000', fromEpoch: 12 },
    });
  });

  it('says what to do without a key', async () => {
    const { code, stderr } = await moe(['balance']);
    expect(code).toBe(1);
    expect(stderr).toContain('--key or MOE_API_KEY');
    const wrong = await moe(['balance', '--key', 'wrong', '--json']);
    expect(JSON.parse(wrong.stderr).error).toMatchObject({
      code: 'market-refused',
      metadata: { status: 401, code: 'invalid_api_key' },
    });
  });
});

describe('moe receipt', () => {
  const expert = (letter: string) => letter.repeat(64);
  const certificate = {
    body: {
      network: 'test',
      market: 'text-embedding',
      job: expert('1'),
      data: [{ order: expert('3'), client: expert('2'), winner: expert('a'), feeMicro: '120' }],
      place: 3,
      members: ['a', 'b', 'c'].map((letter, index) => ({
        principal: expert(letter),
        worker: expert(letter),
        workerBps: 10_000,
        onProbation: letter === 'c',
        outcome: letter === 'b' ? 'late' : 'scored',
        losses: [letter === 'b' ? null : [8 * (index + 1), 128]],
        slashMicro: letter === 'b' ? '5000' : '0',
        workerSlashMicro: '0',
      })),
    },
    signatures: [{ by: expert('d') }],
  };

  it('shows who was drawn, the losses, the winner and the fee', async () => {
    market.receipts.set('r1', { id: 'r1', datum: 0, certificate });
    const { code, stdout } = await moe(['receipt', 'r1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/aaaaaaaaaaaa\s+scored\s+0\.063\s+8\/128\s+–\s+winner/);
    expect(stdout).toMatch(/bbbbbbbbbbbb\s+late\s+–\s+–\s+0\.005/);
    expect(stdout).toMatch(/cccccccccccc\s+scored\s+0\.188\s+24\/128\s+–\s+on probation/);
    expect(stdout).toContain('aaaaaaaaaaaa won; the fee was 0.00012 credits.');
    expect(stdout).toContain('Signed by dddddddddddd.');
    const json = await moe(['receipt', 'r1', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ certificate });
  });

  describe('of a job in which friends were called', () => {
    const called = {
      body: {
        ...certificate.body,
        members: certificate.body.members.map((member, index) =>
          index === 2
            ? member
            : {
                ...member,
                worker: expert(index === 0 ? 'e' : 'f'),
                workerBps: 4_000,
                workerSlashMicro: index === 0 ? '0' : '3000',
              },
        ),
      },
      signatures: certificate.signatures,
    };
    const paid = ['-120', '47', '71', '2'].map((deltaMicro) => ({ account: expert('9'), deltaMicro }));

    it('shows who worked for whom and how the fee was split', async () => {
      market.receipts.set('r4', { id: 'r4', datum: 0, certificate: called, paid });
      const { stdout } = await moe(['receipt', 'r4']);
      expect(stdout).toMatch(/aaaaaaaaaaaa → eeeeeeeeeeee \(40 %\)\s+scored\s+0\.063.*winner/);
      expect(stdout).toMatch(/bbbbbbbbbbbb → ffffffffffff \(40 %\)\s+late.*0\.005 \+ 0\.003/);
      expect(stdout).toContain(
        "It had called eeeeeeeeeeee, who worked in its place for 40 % of what is left after the market's cut: " +
          'eeeeeeeeeeee got 0.000047, aaaaaaaaaaaa 0.000071, the market 0.000002 credits.',
      );
    });

    it.each([
      ['no amounts', undefined],
      ['amounts of another split', ['-120', '71', '47', '2']],
      ['amounts that do not add up', ['-120', '47', '71', '3']],
      ['too many amounts', ['-120', '47', '71', '1', '1']],
      ['what is no amount', ['much']],
    ])('shows no amounts from %s', async (_, amounts) => {
      market.receipts.set('r5', {
        id: 'r5',
        datum: 0,
        certificate: called,
        paid: amounts?.map((deltaMicro) => ({ deltaMicro })),
      });
      const { stdout } = await moe(['receipt', 'r5']);
      expect(stdout).toContain("worked in its place for 40 % of what is left after the market's cut.\n");
    });
  });

  it('takes the beginning of an id that `moe status` shows, where it is of one receipt only', async () => {
    const [one, other] = ['ab'.repeat(32), `${'ab'.repeat(7)}${'cd'.repeat(25)}`];
    const job = {
      atMs: 1,
      mode: 'route',
      kind: 'client',
      outcome: 'routed',
      members: [],
      feeMicro: 1n,
      durationMs: 1,
    } as const;
    const before = market.status;
    market.status = { recentJobs: [one, other].map((receiptId) => ({ ...job, receiptId })) };
    market.receipts.set(one, { id: one, mode: 'route' });
    expect((await moe(['receipt', one.slice(0, 16)])).stdout).toContain(`id  ${one}`);
    const several = await moe(['receipt', one.slice(0, 12)]);
    expect(several.code).toBe(2);
    expect(several.stderr).toContain(`Several receipts begin with ${one.slice(0, 12)}: ${one}, ${other}.`);
    expect((await moe(['receipt', 'ef'.repeat(8)])).stderr).toContain('There is no receipt with this id.');
    market.status = before;
  });

  it('shows what there is of a receipt without a certificate', async () => {
    market.receipts.set('r2', { id: 'r2', mode: 'route', feeMicro: '12', evidence: { deep: true } });
    const { stdout } = await moe(['receipt', 'r2']);
    expect(stdout).toBe('id  r2\nmode  route\nfeeMicro  12\n');
  });

  it('says so when there is none', async () => {
    const { code, stderr } = await moe(['receipt', 'unknown']);
    expect(code).toBe(1);
    expect(stderr).toContain('There is no receipt with this id.');
  });

  it('never calls a receipt right that holds no evidence', async () => {
    market.receipts.set('r3', { id: 'r3', datum: 0, certificate });
    const { code } = await moe(['receipt', 'r3', '--verify']);
    expect(code).toBe(1);
  });
});

describe('moe scout', () => {
  const region = {
    place: 7,
    jobs: 1_234,
    jobsPerHour: 98.76,
    meanFeeMicro: 3_456.7,
    meanLoss: 0.25,
    best: { name: 'minilm', meanLoss: 0.1 },
    effectiveWinners: 1.96,
    losingMargin: -0.012,
    earningsMicro: 1_500_000.4,
    preview: 'ships \u001b[2Jat dawn' as ShownText,
  };

  it('shows where demand is, who serves it and what could be earned', async () => {
    const { best: _, preview: __, ...bare } = region;
    market.regions = [region, { ...bare, place: 3 }];
    const { code, stdout, stderr } = await moe(['scout']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('2 regions, the most lucrative first for an expert as good as the mean');
    expect(stdout).toMatch(
      /\b7\s+1,234\s+98\.8\s+0\.003457\s+0\.250\s+minilm 0\.100\s+2\.0\s+-0\.012\s+1\.5\s+ships +at dawn/,
    );
    expect(stdout).toMatch(/\b3\s+1,234.*0\.250\s+–.*1\.5\s+–\n/);
    expect(stdout).not.toMatch(control);
  });

  it('asks for an expert of a given loss, and for no more regions than wanted', async () => {
    market.regions = [region, { ...region, place: 3 }, { ...region, place: 4 }];
    const { stdout } = await moe(['scout', '--loss', '0.15', '--limit', '1']);
    expect(stdout).toContain('3 regions, the most lucrative first for an expert of mean loss 0.15');
    expect(stdout).toContain('2 more regions: --limit 3');
    const json = JSON.parse((await moe(['scout', '--loss', '0.15', '--limit', '1', '--json'])).stdout);
    expect(json).toMatchObject({
      expertLoss: 0.15,
      total: 3,
      data: [{ place: 7, earningsMicro: '1500000' }],
    });
  });

  it('says what to do when the history is too short', async () => {
    market.regions = [];
    const { code, stdout } = await moe(['scout']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^The history has no region with enough jobs yet\. Send texts/);
  });
});

describe('an old Node', () => {
  const old = ['/usr/local/bin/node', '/usr/bin/node'].find(
    (path) =>
      existsSync(path) &&
      /^(18|20)\./.test(spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout),
  );

  it.skipIf(old === undefined)('hands over to the installed one, with output and exit code', async () => {
    const help = await moe(['--help'], { node: old! });
    expect(help.stdout).toMatch(/^Usage: moe/);
    expect(await moe(['recipt'], { node: old! })).toMatchObject({ code: 2 });
  });

  it.skipIf(old === undefined)('says what to do where there is none', async () => {
    const { code, stderr } = await moe(['--help'], { node: old!, env: { MOE_REEXEC: '1' } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^moe needs Node 22\.18 or newer; this is Node \d+/);
  });
});
