import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMoeError, MoeError } from '@market-of-experts/core';
import { referenceBackend } from '@market-of-experts/models';
import { float32FromBytes } from '@market-of-experts/protocol';
import { editionReceiptParts } from '@market-of-experts/receipts/receipt-id';
import {
  blend,
  embedOne,
  expert,
  failedChecks,
  founders,
  longText,
  openTestMarket,
  receiptOf,
  settled,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type EmbeddedMarket, embeddedMarketId } from '../src/embedded-market.ts';

const supplyMicro = 10_000_000n * 1_000_000n;
const prepaidMicro = 1_000n * 1_000_000n;

/** What the client can spend: undecided orders are none while no request is under way. */
function clientMicro(market: EmbeddedMarket): bigint {
  return market.service.balance(market.clientAccount).availableMicro;
}

/** What there is, and what penalties ended. */
function moneyEver(market: EmbeddedMarket): bigint {
  return market.service.status().ledger.totalMicro + market.ledger.settings().burntMicro;
}

describe('a new market', () => {
  const directory = temporaryDirectory();
  const dataDir = join(directory.path, 'data');
  let market: EmbeddedMarket;
  beforeAll(async () => {
    market = await openTestMarket(dataDir);
  });
  afterAll(async () => {
    await market.close();
    directory.remove();
  });

  it('has its experts serving, its money on the ledger and an account that is paid for', () => {
    const status = market.service.status();
    expect(status.experts.map(({ name, state }) => [name, state])).toEqual(
      founders.map(({ name }) => [name, 'serving']),
    );
    expect(moneyEver(market)).toBe(supplyMicro);
    expect(status.jobs).toEqual({ certified: 0, routed: 0, refunded: 0 });
    expect(clientMicro(market)).toBe(prepaidMicro);
    expect(market.service.authenticate(market.apiKey)).toBe(market.clientAccount);
    expect(market.service.authenticate('')).toBeUndefined();
  });

  it('keeps its keys for its owner alone', () => {
    const mode = (...path: string[]) => statSync(join(dataDir, ...path)).mode & 0o777;
    expect(mode()).toBe(0o700);
    expect(mode('ledger')).toBe(0o700);
    expect(mode('keys.json')).toBe(0o600);
    expect(mode('api-key')).toBe(0o600);
  });

  it('competes for a text, and the receipt of it is settled and verifies', async () => {
    const before = clientMicro(market);
    const answer = await embedOne(market, longText(1));
    expect(answer.isExamined).toBe(true);
    expect(Math.hypot(...float32FromBytes(answer.answer))).toBeCloseTo(1, 4);
    const pending = await receiptOf(market, answer.examId);
    expect(await failedChecks(market, pending)).toEqual([]);
    await settled(market, 2);
    const exam = await receiptOf(market, answer.examId);
    expect(exam).toMatchObject({ status: 'settled', outcome: 'certified' });
    expect(await failedChecks(market, exam)).toEqual([]);
    const receipt = await receiptOf(market, answer.receiptId);
    expect(receipt).toMatchObject({
      mode: 'edition',
      edition: 'text-embedding@1',
      status: 'settled',
      missing: [],
    });
    expect(receipt.feeMicro).toBe(String(answer.feeMicro));
    expect(await failedChecks(market, receipt)).toEqual([]);
    expect(before - clientMicro(market)).toBe(answer.feeMicro);
  });

  it('routes short texts under one tally, whose receipt is open, then settled', async () => {
    const before = clientMicro(market);
    const texts = ['hello', 'good morning', '短い', 'if (x) y()'];
    const answers = await market.service.serve({
      account: market.clientAccount,
      market: embeddedMarketId,
      texts,
    });
    expect(answers.map(({ isExamined }) => isExamined)).toEqual(texts.map(() => false));
    const open = await receiptOf(market, answers[0]!.receiptId);
    expect(open).toMatchObject({ status: 'open', mode: 'edition' });
    expect(await failedChecks(market, open)).toEqual(['edition', 'part 1: record']);
    await settled(market, 3);
    const tally = partOf(answers[0]!.receiptId).slice(0, 64);
    expect(answers.map(({ receiptId }) => partOf(receiptId))).toEqual(
      texts.map((_, index) => `${tally}-${index}`),
    );
    for (const { receiptId, feeMicro } of answers) {
      const receipt = await receiptOf(market, receiptId);
      expect(receipt).toMatchObject({ status: 'settled', feeMicro: String(feeMicro) });
      expect(await failedChecks(market, receipt)).toEqual([]);
    }
    const whole = await receiptOf(market, tally);
    expect(whole.feeMicro).toBe(String(answers.reduce((sum, { feeMicro }) => sum + feeMicro, 0n)));
    expect(await failedChecks(market, whole)).toEqual([]);
    expect(before - clientMicro(market)).toBe(answers.reduce((sum, { feeMicro }) => sum + feeMicro, 0n));
    expect(await market.service.receipt(`${tally}-9`)).toBeUndefined();
  });

  it('pays the experts and the market what the client paid, and not a credit more', async () => {
    const { experts, settledMicro } = market.service.status();
    const earnedMicro = experts.reduce((sum, each) => sum + each.earnedMicro, 0n);
    expect(prepaidMicro - clientMicro(market)).toBe(settledMicro);
    // The rest is the market's 2 %, rounded down for each order.
    expect(settledMicro - earnedMicro).toBeGreaterThan(0n);
    expect(settledMicro - earnedMicro).toBeLessThanOrEqual(settledMicro / 50n);
    expect(moneyEver(market)).toBe(supplyMicro);
  });

  it('refuses what it cannot serve with a code and charges nothing', async () => {
    const before = clientMicro(market);
    const embed = (request: object) =>
      market.service.serve({
        account: market.clientAccount,
        market: embeddedMarketId,
        texts: [longText(2)],
        ...request,
      });
    await expect(embed({ market: 'other-market' })).rejects.toMatchObject({ code: 'unknown-market' });
    await expect(embed({ texts: ['x '.repeat(20_000)] })).rejects.toMatchObject({ code: 'input-too-large' });
    await expect(embed({ maxFeeMicro: 1n })).rejects.toMatchObject({ code: 'fee-too-low' });
    await expect(embed({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'request-aborted' });
    await expect(embed({ account: `0x${'f'.repeat(40)}` })).rejects.toMatchObject({
      code: 'unknown-account',
    });
    expect(clientMicro(market)).toBe(before);
  });

  it('tells other processes that the directory is in use', async () => {
    const second = await openTestMarket(dataDir).catch((error: unknown) => error);
    expect(second).toMatchObject({ code: 'data-directory-in-use' });
    expect((second as Error).message).toBe(
      `The data directory ${dataDir} is in use by process ${process.pid}. Stop it, or choose another directory.`,
    );
  });
});

describe('experts', () => {
  const directory = temporaryDirectory();
  let market: EmbeddedMarket;
  const warnings: string[] = [];
  beforeAll(async () => {
    market = await openTestMarket(directory.path, {
      ticketDepth: 4,
      onWarning: (message) => warnings.push(message),
    });
  });
  afterAll(async () => {
    await market.close();
    directory.remove();
  });
  afterEach(() => {
    expect(moneyEver(market)).toBe(supplyMicro);
  });
  const stateOf = (name: string) => market.service.status().experts.find((each) => each.name === name)?.state;

  it('that come later are on probation for 20 jobs, then serve; tickets are renewed meanwhile', async () => {
    const joined: string[] = [];
    const unsubscribe = market.service.subscribe((event) => {
      if (event.type === 'expert-joined') joined.push(event.expert.name);
    });
    await market.experts.add(expert('newcomer', blend('newcomer', 0.65)));
    unsubscribe();
    expect(joined).toEqual(['newcomer']);
    expect(stateOf('newcomer')).toBe('probation');
    // 16 tickets a list: 45 jobs need three.
    let jobs = 0;
    while (stateOf('newcomer') === 'probation') {
      expect(jobs).toBeLessThan(400);
      const { examId: receiptId } = await embedOne(market, longText(jobs), 'shard');
      jobs += 1;
      if (jobs % 5 === 0) await settled(market, jobs);
      if (jobs !== 1) continue;
      const { certificate } = (await receiptOf(market, receiptId)) as {
        certificate: { body: { members: { onProbation: boolean }[] } };
      };
      expect(certificate.body.members.filter(({ onProbation }) => onProbation)).toHaveLength(1);
    }
    expect(stateOf('newcomer')).toBe('serving');
    expect(jobs).toBeGreaterThanOrEqual(20);
    const newcomer = market.service.status().experts.find(({ name }) => name === 'newcomer')!;
    expect(newcomer.earnedMicro).toBe(0n);
    while (jobs < 45) {
      await embedOne(market, longText(jobs), 'shard');
      jobs += 1;
    }
    await settled(market, jobs);
    expect(warnings).toEqual([]);
  });

  it('cannot join twice, nor with longer vectors than a market takes', async () => {
    await expect(market.experts.add(founders[0])).rejects.toMatchObject({ code: 'already-registered' });
    const wide = { ...referenceBackend('bag-of-words'), name: 'wide', dimensions: 4_097 };
    await expect(market.experts.add(expert('wide', wide))).rejects.toMatchObject({
      code: 'backend-invalid-output',
    });
    expect(stateOf('wide')).toBeUndefined();
  });

  it.each([
    ['short vectors', async (texts: readonly string[]) => texts.map(() => new Float32Array(3))],
    ['too few vectors', async () => []],
    ['NaN', async (texts: readonly string[]) => texts.map(() => new Float32Array(384).fill(Number.NaN))],
    [
      'an error',
      async () => {
        throw new MoeError('backend-unavailable', 'The server is away.');
      },
    ],
  ])('that answer with %s do not join', async (_, embed) => {
    const broken = { name: 'broken', dimensions: 384, embed, close: async () => {} };
    const refusal = await market.experts.add(expert('broken', broken)).catch((error: unknown) => error);
    expect(isMoeError(refusal)).toBe(true);
    expect(stateOf('broken')).toBeUndefined();
  });

  it('that fail later decline: the others do the job, and nobody is punished', async () => {
    let isBroken = false;
    const good = blend('fragile', 0.6);
    const fragile = {
      ...good,
      embed: async (texts: readonly string[]) => {
        if (isBroken) throw new MoeError('backend-unavailable', 'The server is away.');
        return good.embed(texts);
      },
    };
    await market.experts.add(expert('fragile', fragile));
    isBroken = true;
    const { examId: receiptId } = await embedOne(market, longText(200), 'shard');
    const receipt = await receiptOf(market, receiptId);
    expect(receipt).toMatchObject({ outcome: 'certified', slashes: [] });
    expect(await failedChecks(market, receipt)).toEqual([]);
    expect(stateOf('fragile')).toBe('probation');
    isBroken = false;
    const { examId: later } = await embedOne(market, longText(201), 'shard');
    expect(await failedChecks(market, await receiptOf(market, later))).toEqual([]);
    expect(await failedChecks(market, await receiptOf(market, receiptId))).toEqual([]);
  });

  it('are left alone when the client leaves: the job is given up and charged to nobody', async () => {
    const leaving = new AbortController();
    let isWatching = false;
    const watched = blend('watched', 0.45);
    const watcher = {
      ...watched,
      embed: async (texts: readonly string[]) => {
        if (isWatching) leaving.abort();
        return watched.embed(texts);
      },
    };
    await market.experts.add(expert('watcher', watcher));
    // What was served before is tallied apart.
    await vi.waitFor(() => expect(market.service.balance(market.clientAccount).reservedMicro).toBe(0n));
    isWatching = true;
    const before = clientMicro(market);
    const { refunded } = market.service.status().jobs;
    // Two of the newcomers sit in on a job: some job meets the one that makes the client leave.
    const texts = Array.from({ length: 40 }, (_, index) => longText(300 + index));
    const request = market.service.serve({
      account: market.clientAccount,
      market: embeddedMarketId,
      texts,
      mode: 'shard',
      signal: leaving.signal,
    });
    await expect(request).rejects.toMatchObject({ code: 'request-aborted' });
    isWatching = false;
    const last = await embedOne(market, longText(350), 'shard');
    await vi.waitFor(async () => expect((await receiptOf(market, last.receiptId)).status).toBe('settled'));
    const { jobs, recentJobs } = market.service.status(market.clientAccount);
    expect(jobs.refunded).toBeGreaterThan(refunded);
    const fees = recentJobs
      .filter(({ preview }) => [...texts, longText(350)].some((text) => text.startsWith(preview!)))
      .reduce((sum, { feeMicro }) => sum + feeMicro, 0n);
    expect(before - clientMicro(market)).toBe(fees);
  });

  it('in training are shown until they join', async () => {
    market.experts.announceTraining('pupil', 'learns', { done: 1, total: 4 });
    expect(stateOf('pupil')).toBe('training');
    await market.experts.add(expert('pupil', blend('pupil', 0.4)));
    expect(stateOf('pupil')).toBe('probation');
  });
});

describe('a listener that throws', () => {
  it('is warned about and costs nobody his answer', async () => {
    const directory = temporaryDirectory();
    const warnings: string[] = [];
    const market = await openTestMarket(directory.path, { onWarning: (message) => warnings.push(message) });
    try {
      market.service.subscribe(() => {
        throw new Error('no terminal');
      });
      await embedOne(market, longText(1), 'shard');
      expect(warnings).toContain('A listener failed on job-certified: no terminal');
    } finally {
      await market.close();
      directory.remove();
    }
  });
});

/** The receipt of the only part. */
const partOf = (receiptId: string): string => editionReceiptParts(receiptId)!.receipts[0]!;

describe('a restart', () => {
  it('goes on where the last process stopped', async () => {
    const directory = temporaryDirectory();
    try {
      const first = await openTestMarket(directory.path);
      const answers = await first.service.serve({
        account: first.clientAccount,
        market: embeddedMarketId,
        texts: [...Array.from({ length: 6 }, (_, index) => longText(index)), 'short', 'shorter'],
        mode: 'shard',
      });
      const house = await first.service.serve({
        account: first.houseAccount,
        market: embeddedMarketId,
        texts: [longText(7)],
        mode: 'shard',
      });
      await settled(first, 4);
      const { experts } = first.service.status();
      // Closing settles what is open.
      const last = await embedOne(first, longText(8), 'shard');
      await first.close();
      await first.close();
      const keys = readFileSync(join(directory.path, 'keys.json'), 'utf8');
      const before = first.service.status();
      expect(before.pendingReceipts).toBe(0);
      await expect(embedOne(first, longText(8))).rejects.toMatchObject({ code: 'market-closed' });

      const second = await openTestMarket(directory.path);
      const after = second.service.status();
      expect(second.apiKey).toBe(first.apiKey);
      expect(readFileSync(join(directory.path, 'keys.json'), 'utf8')).toBe(keys);
      expect(second.clientAccount).toBe(first.clientAccount);
      expect(after.network).toBe(before.network);
      expect(after.jobs).toEqual(before.jobs);
      expect(after.settledMicro).toBe(before.settledMicro);
      expect(after.recentJobs.map(({ receiptId }) => receiptId).sort()).toEqual(
        before.recentJobs.map(({ receiptId }) => receiptId).sort(),
      );
      expect(clientMicro(second)).toBe(
        prepaidMicro - [...answers, last].reduce((sum, { feeMicro }) => sum + feeMicro, 0n),
      );
      const standing = ({
        name,
        jobs,
        wins,
        meanLoss,
        earnedMicro,
        stakeMicro,
      }: (typeof after.experts)[number]) => [name, jobs, wins, meanLoss, earnedMicro, stakeMicro];
      // Three founders: each of them was drawn for the last job.
      expect(after.experts.map(({ jobs }) => jobs)).toEqual(experts.map(({ jobs }) => jobs + 1));
      for (const { receiptId } of [...answers, ...house, last]) {
        const receipt = await receiptOf(second, receiptId);
        expect(receipt.status).toBe('settled');
        expect(await failedChecks(second, receipt)).toEqual([]);
      }
      await second.close();
      const third = await openTestMarket(directory.path);
      expect(third.service.status().experts.map(standing)).toEqual(after.experts.map(standing));
      await embedOne(third, longText(9), 'shard');
      await third.close();
      expect(third.service.status().jobs.certified).toBe(before.jobs.certified + 1);
      expect(moneyEver(third)).toBe(supplyMicro);
    } finally {
      directory.remove();
    }
  });

  it('finishes answers that are under way before it closes', async () => {
    const directory = temporaryDirectory();
    try {
      const market = await openTestMarket(directory.path);
      const answer = embedOne(market, longText(1), 'shard');
      await market.close();
      const { receiptId } = await answer;
      const again = await openTestMarket(directory.path);
      expect((await receiptOf(again, receiptId)).status).toBe('settled');
      await again.close();
    } finally {
      directory.remove();
    }
  });
});
