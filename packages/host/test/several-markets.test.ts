import { join } from 'node:path';
import { hashBytes, type MarketId, type OwnerKey } from '@market-of-experts/core';
import type { Market } from '@market-of-experts/protocol';
import { editionReceiptParts } from '@market-of-experts/receipts/receipt-id';
import { steppedClock } from '@market-of-experts/testing/stepped-clock';
import {
  blend,
  createMarket,
  expert,
  failedChecks,
  fundedOwner,
  longText,
  openTestMarket,
  ownerKeyOf,
  receiptOf,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type EmbeddedMarket, embeddedMarketId } from '../src/embedded-market.ts';

const second = 'second-market' as MarketId;
const prepaidMicro = 1_000n * 1_000_000n;

/** Embeds a text in one of the markets and has experts compete for it, of which `examId` is the receipt. */
async function compete(market: EmbeddedMarket, id: MarketId, number: number) {
  const [answer] = await market.service.serve({
    account: market.clientAccount,
    market: id,
    texts: [longText(number)],
    mode: 'shard',
  });
  return { ...answer!, examId: editionReceiptParts(answer!.receiptId)!.receipts.at(-1)! };
}

function served(market: EmbeddedMarket, id: MarketId) {
  return market.service.status().served!.find((each) => each.id === id)!;
}

function record(market: EmbeddedMarket, id: MarketId): Market {
  return market.ledger.market(id)!;
}

const allSettled = (market: EmbeddedMarket) =>
  vi.waitFor(() => {
    for (const { id, pendingReceipts } of market.service.status().served!) {
      expect(pendingReceipts).toBe(0);
      // Nor is a tally open.
      expect(market.service.balance(market.clientAccount, id).reservedMicro).toBe(0n);
    }
  });

interface JobReceipt extends Record<string, unknown> {
  readonly certificate: { readonly body: { readonly members: readonly { readonly principal: string }[] } };
}

describe('two markets side by side', () => {
  const directory = temporaryDirectory();
  const dataDir = join(directory.path, 'data');
  const warnings: string[] = [];
  const open = () => openTestMarket(dataDir, { onWarning: (message) => warnings.push(message) });
  let market: EmbeddedMarket;
  let jobs: { readonly id: MarketId; readonly examId: string; readonly feeMicro: bigint }[];
  beforeAll(async () => {
    market = await open();
    await market.experts.add(expert('fourth', blend('fourth', 0.65)));
    const owner = await fundedOwner(market, dataDir, 200);
    await createMarket(market, owner, second, {
      parameters: { shardSize: 4, feeBps: 2_000, probationJobs: 0, places: 16 },
    });
    jobs = [];
    for (const [id, numbers] of [
      [embeddedMarketId, [1, 2, 3]],
      [second, [4, 5, 6, 7, 8]],
    ] as const)
      for (const number of numbers) jobs.push({ id, ...(await compete(market, id, number)) });
    await allSettled(market);
  });
  afterAll(async () => {
    await market?.close();
    directory.remove();
  });
  const receiptsOf = (id: MarketId) => jobs.filter((job) => job.id === id).map(({ examId }) => examId);
  const feesOf = (id: MarketId) =>
    jobs.filter((job) => job.id === id).reduce((sum, { feeMicro }) => sum + feeMicro, 0n);

  it('are both listed, the first one first', () => {
    const { markets, served: both } = market.service.status();
    expect(markets).toMatchObject([
      { id: embeddedMarketId, aliases: [embeddedMarketId, 'moe'], state: 'serving' },
      { id: second, aliases: [second], state: 'serving', title: 'The market "second-market"' },
    ]);
    expect(market.service.markets()).toEqual(markets);
    expect(both!.map(({ id }) => id)).toEqual([embeddedMarketId, second]);
  });

  it('have the same experts on the same nodes, each with a stake and a standing of its own', async () => {
    const [first, other] = [served(market, embeddedMarketId), served(market, second)];
    expect(other.experts.map(({ name }) => name).sort()).toEqual(
      first.experts.map(({ name }) => name).sort(),
    );
    expect(new Set(other.experts.map(({ id }) => id))).toEqual(new Set(first.experts.map(({ id }) => id)));
    expect(other.experts.every(({ stakeMicro }) => stakeMicro === 10_000_000n)).toBe(true);
    expect(other.experts.reduce((sum, each) => sum + each.jobs, 0)).toBe(5 * 4);
    for (const id of [embeddedMarketId, second])
      for (const each of served(market, id).experts) {
        const drawn = await Promise.all(
          receiptsOf(id).map(async (receipt) => (await receiptOf(market, receipt)) as JobReceipt),
        );
        const seats = drawn.filter(({ certificate }) =>
          certificate.body.members.some(({ principal }) => principal === each.id),
        );
        expect(each.jobs, `${each.name} in ${id}`).toBe(seats.length);
      }
  });

  it('draw shards of their own sizes, and every receipt verifies', async () => {
    for (const { id, examId } of jobs) {
      const receipt = (await receiptOf(market, examId)) as JobReceipt;
      expect(await failedChecks(market, receipt), examId).toEqual([]);
      const paid = receipt.certificate.body.members.filter(
        (member) => !('onProbation' in member && member.onProbation),
      );
      expect(paid).toHaveLength(id === second ? 4 : 3);
      expect(receipt).toMatchObject({ status: 'settled', outcome: 'certified' });
    }
  });

  it('settle apart: batches, orders, fees and cuts', () => {
    const [first, other] = [record(market, embeddedMarketId), record(market, second)];
    expect(served(market, embeddedMarketId).jobs.certified).toBe(3);
    expect(served(market, second).jobs.certified).toBe(5);
    for (const [id, { settledOrders }] of [
      [embeddedMarketId, first],
      [second, other],
    ] as const)
      expect(market.ledger.nextOrderSeq(market.clientAccount, id)).toBe(settledOrders);
    expect(first.settledMicro).toBe(feesOf(embeddedMarketId));
    expect(other.settledMicro).toBe(feesOf(second));
    // The first keeps 2 % for its owner, the second 20 %.
    const cutOf = (id: MarketId) => {
      const owner = market.ledger.account(record(market, id).owner).balanceMicro;
      return id === second ? owner - 100_000_000n - market.ledger.settings().rules.minBalanceMicro : owner;
    };
    expect(Number(cutOf(second)) / Number(feesOf(second))).toBeCloseTo(0.2, 2);
    expect(Number(cutOf(embeddedMarketId)) / Number(feesOf(embeddedMarketId))).toBeCloseTo(0.02, 2);
    const { balance } = market.service;
    for (const id of [embeddedMarketId, second])
      expect(balance(market.clientAccount, id)).toEqual({
        availableMicro: prepaidMicro - feesOf(id),
        reservedMicro: 0n,
      });
    expect(balance(market.clientAccount)).toEqual(balance(market.clientAccount, embeddedMarketId));
    expect(market.service.status().ledger.totalMicro).toBe(market.ledger.settings().supplyMicro);
  });

  it('tell their jobs apart in lists, and have histories of their own', async () => {
    const { recentJobs } = market.service.status();
    for (const { id, examId } of jobs)
      expect(recentJobs.find((job) => job.receiptId === examId)?.market).toBe(id);
    expect(served(market, embeddedMarketId).history.records).toBe(3);
    expect(served(market, second).history.records).toBe(5);
  });

  it('serve short texts, each its own', async () => {
    const ordersBefore = [embeddedMarketId, second].map((id) =>
      market.ledger.nextOrderSeq(market.clientAccount, id),
    );
    const [answer] = await market.service.serve({
      account: market.clientAccount,
      market: second,
      texts: ['hello'],
    });
    expect(answer!.isExamined).toBe(false);
    expect(await receiptOf(market, answer!.receiptId)).toMatchObject({ status: 'open' });
    await vi.waitFor(async () =>
      expect(await receiptOf(market, answer!.receiptId)).toMatchObject({ status: 'settled' }),
    );
    expect(await failedChecks(market, await receiptOf(market, answer!.receiptId))).toEqual([]);
    expect(
      [embeddedMarketId, second].map((id) => market.ledger.nextOrderSeq(market.clientAccount, id)),
    ).toEqual([ordersBefore[0], ordersBefore[1]! + 1]);
  });

  it('go on after a restart, with all that they had', async () => {
    const before = [embeddedMarketId, second].map((id) => served(market, id));
    const openJob = compete(market, second, 9);
    await market.close();
    const { examId, feeMicro } = await openJob;
    market = await open();
    await market.experts.add(expert('fourth', blend('fourth', 0.65)));
    const standing = (each: (typeof before)[number]['experts'][number]) => [each.name, each.wins, each.jobs];
    expect(served(market, embeddedMarketId).experts.map(standing)).toEqual(before[0]!.experts.map(standing));
    expect(served(market, second)).toMatchObject({
      jobs: { certified: 6, refunded: 0 },
      settledMicro: before[1]!.settledMicro + feeMicro,
      history: { records: 6 },
    });
    for (const id of [...jobs.map((job) => job.examId), examId]) {
      const receipt = await receiptOf(market, id);
      expect(receipt.status).toBe('settled');
      expect(await failedChecks(market, receipt)).toEqual([]);
    }
    const { examId: later } = await compete(market, second, 10);
    expect(await failedChecks(market, await receiptOf(market, later))).toEqual([]);
    expect(market.service.status().ledger.totalMicro).toBe(market.ledger.settings().supplyMicro);
    expect(warnings).toEqual([]);
  });
});

describe('a market of the ledger', () => {
  const directory = temporaryDirectory();
  const warnings: string[] = [];
  let market: EmbeddedMarket;
  let owner: OwnerKey;
  beforeAll(async () => {
    market = await openTestMarket(directory.path, { onWarning: (message) => warnings.push(message) });
    owner = await fundedOwner(market, directory.path, 1_000);
  });
  afterAll(async () => {
    await market.close();
    directory.remove();
  });
  const listing = (id: string) => market.service.markets().find((each) => each.id === id);

  it('in another space is listed, and says why it is not served', async () => {
    const { terms } = record(market, embeddedMarketId);
    const cases = [
      [
        'other-encoder',
        { space: { ...terms.space, baseEncoder: hashBytes(new Uint8Array(3)) } },
        'another base encoder',
      ],
      [
        'narrow-space',
        { space: { ...terms.space, dimensions: 64 }, parameters: { dimensions: 64 } },
        'has 64 dimensions',
      ],
      ['many-places', { parameters: { places: 300 } }, '300 places'],
    ] as const;
    for (const [id, changes, reason] of cases) {
      await createMarket(market, owner, id as MarketId, changes);
      expect(listing(id)).toMatchObject({ state: 'not-served', reason: expect.stringContaining(reason) });
      await expect(compete(market, id as MarketId, 1)).rejects.toMatchObject({
        code: 'market-not-served',
        message: expect.stringContaining(reason),
      });
      expect(market.service.status().served!.map((each) => each.id)).toEqual([embeddedMarketId]);
      expect(market.ledger.prepaid(market.clientAccount, id as MarketId)).toBeUndefined();
    }
    expect(warnings.splice(0)).toHaveLength(cases.length);
    await compete(market, embeddedMarketId, 1);
  });

  it('that nobody has created is unknown', async () => {
    await expect(compete(market, 'no-market' as MarketId, 1)).rejects.toMatchObject({
      code: 'unknown-market',
    });
  });
});

describe('over epochs', () => {
  const directory = temporaryDirectory();
  const dataDir = join(directory.path, 'data');
  let market: EmbeddedMarket;
  let owner: OwnerKey;
  const warnings: string[] = [];
  const epochMs = 600_000;
  const clock = steppedClock();
  const open = () =>
    openTestMarket(dataDir, { epochMs, clock, onWarning: (message) => warnings.push(message) });
  /** Lets the running epoch end, when nothing is under way. */
  const epochEnds = async (): Promise<void> => {
    const { epoch } = market.ledger.settings();
    clock.advance(epochMs);
    await vi.waitFor(() => expect(market.ledger.settings().epoch).toBeGreaterThan(epoch));
  };
  /** Whether every validator has promised weights of the running epoch. */
  const isPromised = (id: MarketId): boolean => {
    const { epoch } = market.ledger.settings();
    return market.ledger
      .validators()
      .every(({ node }) => market.ledger.weightCommit(id, node, epoch) !== undefined);
  };
  beforeAll(async () => {
    market = await open();
    owner = await fundedOwner(market, dataDir, 200);
    await createMarket(market, owner, second, { parameters: { feeBps: 1_000 } });
    // The network mints for its first market; what another pays out, somebody must have given it.
    const amountMicro = 50_000_000n;
    await market.ledger.transact(owner, { kind: 'fundMarket', market: second, amountMicro });
  });
  afterAll(async () => {
    await market.close();
    directory.remove();
  });
  const isConserved = () => expect(market.ledger.totalMicro()).toBe(market.ledger.settings().supplyMicro);

  it('validators rank in both markets, each by what they witnessed there', async () => {
    const isRanked = (id: MarketId) => (market.ledger.ranking(id)?.emittedMicro ?? 0n) > 0n;
    const weightsIn = (id: MarketId) => JSON.stringify(market.ledger.weights(id)[0]?.values);
    // With few jobs, the same expert may have won them all in both.
    const areTheyApart = () =>
      isRanked(embeddedMarketId) && isRanked(second) && weightsIn(embeddedMarketId) !== weightsIn(second);
    for (let number = 0; !areTheyApart(); ) {
      for (const last = number + 12; number < last; number += 1)
        await compete(market, number % 3 === 0 ? second : embeddedMarketId, number);
      await allSettled(market);
      await epochEnds();
      await vi.waitFor(() => expect([embeddedMarketId, second].every(isPromised)).toBe(true));
    }
    for (const id of [embeddedMarketId, second]) {
      const ranking = market.ledger.ranking(id)!;
      expect(ranking.experts.reduce((sum, { incentive }) => sum + incentive, 0)).toBeGreaterThan(0);
      expect(market.ledger.weights(id)).toHaveLength(1);
    }
    isConserved();
  });

  it('a market that its owner closes serves to its last epoch, settles, and gives the money back', async () => {
    const [first, client] = [embeddedMarketId, market.clientAccount];
    const { minBalanceMicro } = market.ledger.settings().rules;
    const balance = () => market.ledger.account(client).balanceMicro - minBalanceMicro;
    await allSettled(market);
    expect(balance()).toBe(0n);
    await market.ledger.transact(owner, { kind: 'closeMarket', market: second });
    const answered: string[] = [];
    const lockedMicro = () => market.ledger.prepaid(client, second)!.lockedMicro;
    expect(market.service.markets()).toMatchObject([{ id: first }, { id: second, state: 'closing' }]);
    const refusal = await (async () => {
      for (let number = 0; ; number += 1)
        try {
          answered.push((await compete(market, second, number)).examId);
          await allSettled(market);
          await vi.waitFor(() => expect([first, second].every(isPromised)).toBe(true));
          await epochEnds();
        } catch (error) {
          return error;
        }
    })();
    // In the epoch in which it was closed it goes on as before.
    expect(answered.length).toBeGreaterThan(0);
    // Experts leave when the epoch begins: whoever asks in that moment is told to come again, and then that it is over.
    expect(['market-closed', 'no-quorum']).toContain((refusal as { code: string }).code);
    await market.marketsSettled();
    // All is settled and announced; while the ledger has the market it could still be charged.
    await vi.waitFor(() => expect(market.ledger.prepaid(client, second)?.leaving).toBeDefined());
    expect(market.ledger.prepaid(client, second)!.leaving!.amountMicro).toBe(lockedMicro());
    expect(lockedMicro()).toBe(prepaidMicro - record(market, second).settledMicro);
    expect(balance()).toBe(0n);
    expect(market.service.markets().map(({ id }) => id)).toEqual([first]);
    expect(market.service.status().served!.map(({ id }) => id)).toEqual([first]);
    await expect(compete(market, second, 1)).rejects.toMatchObject({
      code: 'market-closed',
      isRetryable: false,
    });
    await compete(market, first, 1);
    isConserved();
  });

  it('money that a process left locked in a closed market is given back by the next one, when it is gone', async () => {
    const client = market.clientAccount;
    const { lockedMicro } = market.ledger.prepaid(client, second)!;
    const balanceMicro = market.ledger.account(client).balanceMicro;
    await market.close();
    market = await open();
    while (market.ledger.market(second) !== undefined) {
      // Promises are made when an epoch begins: one that ended at once would leave them no time.
      await vi.waitFor(() => expect(isPromised(embeddedMarketId)).toBe(true));
      await epochEnds();
    }
    await vi.waitFor(() => expect(isPromised(embeddedMarketId)).toBe(true));
    await vi.waitFor(() => expect(market.ledger.prepaid(client, second)!.lockedMicro).toBe(0n));
    await market.marketsSettled();
    expect(market.ledger.account(client).balanceMicro).toBe(balanceMicro + lockedMicro);
    expect(market.service.markets().map(({ id }) => id)).toEqual([embeddedMarketId]);
    isConserved();
  });

  it('its name is free again when it is gone, also for a process that was away meanwhile', async () => {
    const settledBefore = market.ledger.tables().closedMarkets.get(second)!.nextBatch;
    await expect(compete(market, second, 1)).rejects.toMatchObject({ code: 'unknown-market' });
    await market.close();
    market = await open();
    expect(market.service.markets().map(({ id }) => id)).toEqual([embeddedMarketId]);
    const seq = market.ledger.nextOrderSeq(market.clientAccount, second);
    await createMarket(market, owner, second, { parameters: { feeBps: 0 } });
    const { examId } = await compete(market, second, 77);
    await allSettled(market);
    expect(await failedChecks(market, await receiptOf(market, examId))).toEqual([]);
    // The exam, and a tally.
    expect(market.ledger.nextOrderSeq(market.clientAccount, second)).toBe(seq + 2);
    expect(record(market, second).nextBatch).toBeGreaterThan(settledBefore);
    isConserved();
    // An epoch that ends at once leaves no time to promise weights: that is told, and does no harm.
    expect(warnings.filter((message) => !/weights|epoch/i.test(message))).toEqual([]);
  });
});

it('the first market, closed by its owner, is over for good: the others go on, and the next process begins with them', async () => {
  const directory = temporaryDirectory();
  const dataDir = join(directory.path, 'data');
  let market = await openTestMarket(dataDir, { epochMs: 400 });
  try {
    await createMarket(market, await fundedOwner(market, dataDir, 100), second);
    const { feeMicro } = await compete(market, embeddedMarketId, 1);
    await market.ledger.transact(ownerKeyOf(dataDir, 'market-owner'), {
      kind: 'closeMarket',
      market: embeddedMarketId,
    });
    await vi.waitFor(() => expect(market.ledger.market(embeddedMarketId)).toBeUndefined());
    await market.marketsSettled();
    expect(market.service.markets().map(({ id }) => id)).toEqual([second]);
    expect(market.service.status()).toMatchObject({
      jobs: { certified: 1 },
      experts: [],
      markets: [{ id: second }],
    });
    expect(market.ledger.account(market.clientAccount).balanceMicro).toBe(
      prepaidMicro - feeMicro + market.ledger.settings().rules.minBalanceMicro,
    );
    await expect(compete(market, embeddedMarketId, 2)).rejects.toMatchObject({ code: 'market-closed' });
    await compete(market, second, 3);
    await market.close();
    market = await openTestMarket(dataDir);
    expect(market.firstMarket).toBe(second);
    expect(market.service.markets().map(({ id }) => id)).toEqual([second]);
    await compete(market, second, 4);
    expect(
      market.service
        .status()
        .experts.map(({ name }) => name)
        .sort(),
    ).toEqual(['grams', 'mixed', 'words']);
    await market.close();
    // Nothing is left that the house may serve: told, before anything is changed.
    await market.chooseMarket(second, false).catch(() => undefined);
    await expect(openTestMarket(dataDir)).rejects.toMatchObject({
      code: 'market-closed',
      message: expect.stringContaining('--join-markets'),
    });
  } finally {
    await market.close();
    directory.remove();
  }
});
