import { join } from 'node:path';
import type { AccountId } from '@market-of-experts/core';
import { smallDisk } from '@market-of-experts/ledger/compliance';
import { protocols } from '@market-of-experts/roles/messages/protocols';
import { type LedgerMarket, ledgerMarket } from '@market-of-experts/testing/ledger-market';
import {
  embedOne,
  expert,
  founders,
  longText,
  openTestMarket,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readinessOf } from '../../src/service/readiness.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
const codes = (market: { readiness(): { readonly reasons: readonly { readonly code: string }[] } }) =>
  market.readiness().reasons.map(({ code }) => code);

describe('a market is ready', () => {
  it('once three experts past probation serve, and not before', async () => {
    const directory = temporaryDirectory();
    closers.push(directory.remove);
    const newcomer = expert('newcomer', founders[1].backend);
    const market = await openTestMarket(directory.path, { others: [founders[1], newcomer] });
    closers.push(() => market.close());
    expect(codes(market.service)).toEqual(['too-few-experts']);
    expect(market.service.readiness().reasons[0]!.message).toBe(
      'Texts of 20 words need 3 experts past probation; 2 serve, 1 on probation.',
    );
    await expect(embedOne(market, longText(1), 'shard')).rejects.toMatchObject({ code: 'no-quorum' });
    await market.experts.add(founders[2]);
    expect(market.service.readiness()).toEqual({ isReady: true, reasons: [], needsRestart: false });
    expect((await embedOne(market, longText(1), 'shard')).isExamined).toBe(true);
  });

  it('no more once its disk is full, for short texts either, and again by itself when there is room', async (context) => {
    const disk = smallDisk(192);
    if (disk === undefined) return context.skip();
    closers.push(disk.remove);
    const market = await openTestMarket(join(disk.path, 'data'));
    closers.push(() => market.close());
    await embedOne(market, longText(1), 'shard');
    expect(codes(market.service)).toEqual([]);
    disk.fill();
    await vi.waitFor(async () => {
      await embedOne(market, longText(2), 'shard').catch(() => undefined);
      expect(market.service.readiness().isReady).toBe(false);
    });
    for (const text of ['short text', longText(3)]) {
      const error = await embedOne(market, text).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ isRetryable: true });
      expect(String(error)).not.toMatch(/again by itself.*opened again|until it is opened/);
    }
    disk.free();
    await vi.waitFor(() => expect(codes(market.service)).toEqual([]));
    expect((await embedOne(market, longText(4), 'shard')).isExamined).toBe(true);
    expect((await embedOne(market, 'short text')).isExamined).toBe(false);
    await vi.waitFor(() => expect(market.service.status().pendingReceipts).toBe(0));
    const { status } = market.service;
    expect(status().jobs.certified).toBe(
      status().recentJobs.filter(({ outcome }) => outcome === 'certified').length,
    );
  });

  it('no more when it is closing', async () => {
    const directory = temporaryDirectory();
    closers.push(directory.remove);
    const market = await openTestMarket(directory.path);
    await market.close();
    expect(codes(market.service)).toEqual(['market-closed']);
  });
});

describe('readiness', () => {
  let market: LedgerMarket;
  const readiness = (clientAccount: AccountId = market.clients[0]!) =>
    readinessOf({
      ledger: market.ledger,
      first: market,
      isOver: () => false,
      missingParts: () => [],
      joining: () => ['slow-expert'],
      clientAccount,
      nowMs: () => market.clock.nowMs(),
    });

  it('needs money of the client, and says whose', async () => {
    market = await ledgerMarket();
    closers.push(() => market.close());
    expect(readiness().reasons).toEqual([]);
    const stranger = `0x${'7'.repeat(40)}` as AccountId;
    expect(readiness(stranger).reasons).toMatchObject([{ code: 'no-prepaid-money' }]);
    expect(readiness(stranger).reasons[0]!.message).toContain(stranger);
  });

  it('needs validators that sign settlements: their silence is told after a while, and forgotten when it ends', async () => {
    market = await ledgerMarket();
    closers.push(() => market.close());
    const { gateway, clock, settler } = market;
    const request = gateway.request.bind(gateway);
    gateway.request = async (to, asked, ...rest) => {
      if (asked === protocols.settle) throw new Error('No validator is there.');
      return request(to, asked, ...rest);
    };
    market.coordinator.voidGaps([{ client: market.clients[0]!, clientSeq: 1 }]);
    await expect(settler.flush()).rejects.toThrow(/No validator/);
    expect(readiness().reasons).toEqual([]);
    await clock.sleep(20_000);
    expect(readiness().reasons).toMatchObject([{ code: 'not-settling' }]);
    gateway.request = request;
    await settler.flush();
    expect(readiness().reasons).toEqual([]);
  });
});
