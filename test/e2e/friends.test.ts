/** Friends being called in a market as a user starts it: in the tour, the log, status, receipts and `moe scout`. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventOf, type MoeProcess, runMoe, startMarket } from './up-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'moe-friends-'));
const dataDirectory = join(folder, 'market');
/** One more than a shard has seats, so that there is a friend outside it; one of them is weak. */
const experts = ['--experts', 'minilm-l6,minilm-l3,minilm-l1,lexical'];
let moe: MoeProcess;
let url: string;

interface Member {
  readonly id: string;
  readonly name: string;
  readonly friend?: { readonly id: string; readonly name: string; readonly askBps: number };
}
interface FriendJob {
  readonly receiptId: string;
  readonly winner: string;
  readonly feeMicro: string;
  readonly members: readonly Member[];
}
interface ExpertJson {
  readonly name: string;
  readonly askBps: number;
  readonly callsMade: { readonly jobs: number; readonly wins: number };
  readonly callsAnswered: { readonly jobs: number; readonly wins: number };
}
let job: FriendJob;
let principal: Member;

const command = (...args: string[]) => runMoe([...args, '--url', url, '--data', dataDirectory]);
const jsonOf = async (...args: string[]) => JSON.parse((await command(...args, '--json')).stdout);

beforeAll(async () => {
  ({ moe, url } = await startMarket(dataDirectory, experts));
  const line = await moe.line((text) => eventOf(text)?.textKind === 'calling a friend');
  job = eventOf(line) as unknown as FriendJob;
  principal = job.members.find(({ id }) => id === job.winner)!;
});
afterAll(async () => {
  moe?.kill('SIGINT');
  await moe?.done;
  rmSync(folder, { recursive: true, force: true });
});

describe('a market whose experts call friends', () => {
  it('shows one in the tour: a member that was drawn won by the work of another', () => {
    const { friend } = principal;
    expect(friend).toMatchObject({ name: expect.any(String), askBps: 5_000 });
    // A friend is nobody who sits in the job itself.
    expect(job.members.map(({ id }) => id)).not.toContain(friend!.id);
  });

  it('has a receipt of it that says who worked, pays both, and verifies', async () => {
    const { friend } = principal;
    await vi.waitFor(async () => {
      const { receipt, checks, ok } = await jsonOf('receipt', job.receiptId, '--verify');
      expect({ ok, wrong: checks.filter((check: { ok: boolean }) => !check.ok) }).toEqual({
        ok: true,
        wrong: [],
      });
      expect(receipt.status).toBe('settled');
      expect(receipt.friends).toContainEqual({
        principal: principal.name,
        worker: friend!.name,
        workerBps: friend!.askBps,
      });
    });
    const { stdout } = await command('receipt', job.receiptId);
    expect(stdout).toContain(`${principal.name} → ${friend!.name} (50 %)`);
    const paid = new RegExp(
      `It had called ${friend!.name}, .*: ${friend!.name} got ([0-9.]+), ${principal.name} ([0-9.]+), the market ([0-9.]+) credits\\.`,
    ).exec(stdout);
    const micro = (credits: string): number => Math.round(Number(credits) * 1e6);
    expect(paid!.slice(1).reduce((sum, credits) => sum + micro(credits), 0)).toBe(Number(job.feeMicro));
    expect(Math.abs(micro(paid![1]!) - micro(paid![2]!))).toBeLessThanOrEqual(1);
  });

  it('counts the calls of both in status and metrics', async () => {
    await vi.waitFor(async () => {
      const { experts: all, history } = (await jsonOf('status')) as {
        readonly experts: readonly ExpertJson[];
        readonly history: { readonly records: number };
      };
      const find = (name: string) => all.find((expert) => expert.name === name)!;
      expect(find(principal.name).callsMade.wins).toBeGreaterThanOrEqual(1);
      expect(find(principal.friend!.name).callsAnswered.wins).toBeGreaterThanOrEqual(1);
      const sum = (read: (expert: ExpertJson) => number) =>
        all.reduce((total, expert) => total + read(expert), 0);
      expect(sum(({ callsMade }) => callsMade.jobs)).toBe(sum(({ callsAnswered }) => callsAnswered.jobs));
      expect(history.records).toBeGreaterThanOrEqual(6);
    });
    const { stdout } = await command('status');
    expect(stdout).toMatch(new RegExp(`\\n${principal.name}\\s+[0-9]+, won [0-9]+\\s`));
    expect(stdout).toMatch(/History: \d+ certified jobs/);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(new RegExp(`moe_expert_calls_made_total\\{expert="${principal.name}"\\} [1-9]`));
    expect(metrics).toMatch(
      new RegExp(`moe_expert_calls_answered_total\\{expert="${principal.friend!.name}"\\} [1-9]`),
    );
  });

  it('shows where demand is once a place has had some jobs', async () => {
    const before = await jsonOf('scout');
    const key = readFileSync(join(dataDirectory, 'api-key'), 'utf8').trim();
    let year = 1_900;
    const embedTwelve = async (): Promise<void> => {
      const input = Array.from(
        { length: 12 },
        () =>
          `In the year ${year++} the lighthouse keeper climbed the stairs every evening to light the lamp before the ships came in sight.`,
      );
      const response = await fetch(`${url}/v1/embeddings`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'text-embedding', input, store: true, moe: { mode: 'shard' } }),
      });
      expect(response.status).toBe(200);
    };
    await vi.waitFor(
      async () => {
        // They lie at one place, where the house's may have lain before.
        await embedTwelve();
        const after = await jsonOf('scout', '--loss', '0.05');
        expect(after.total).toBeGreaterThanOrEqual(before.total);
        const region = after.data.find(({ preview }: { preview?: string }) =>
          preview?.includes('lighthouse'),
        );
        expect(region).toMatchObject({ best: { name: expect.any(String) }, meanLoss: expect.any(Number) });
        expect(region.jobs).toBeGreaterThanOrEqual(8);
        const strong = BigInt(region.earningsMicro);
        const weak = await jsonOf('scout', '--loss', '0.6');
        const same = weak.data.find(({ place }: { place: number }) => place === region.place);
        expect(strong).toBeGreaterThan(BigInt(same.earningsMicro));
      },
      { interval: 2_500 },
    );
    const { code, stdout } = await command('scout', '--loss', '0.05', '--limit', '3');
    expect(code).toBe(0);
    expect(stdout).toContain('for an expert of mean loss 0.05');
    expect(stdout).toContain('lighthouse');
  });
});
