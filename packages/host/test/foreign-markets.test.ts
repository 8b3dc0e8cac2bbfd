/** What a market of others can get from the house: nothing unasked, never more than the budget, nothing for hostile terms. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MarketId, MICRO_PER_CREDIT, type OwnerKey } from '@market-of-experts/core';
import {
  blend,
  createForeignMarket,
  createMarket,
  expert,
  fundedOwner,
  openTestMarket,
  ownerKeyOf,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type EmbeddedMarket, embeddedMarketId } from '../src/embedded-market.ts';
import { joiningSpentMicro } from '../src/house/joined-markets.ts';

const theirs = 'their-market' as MarketId;
const credits = (amount: number): bigint => BigInt(amount) * MICRO_PER_CREDIT;
const names = ['grams', 'mixed', 'words'];
let directory: ReturnType<typeof temporaryDirectory>;
let dataDir: string;
let market: EmbeddedMarket;
let owner: OwnerKey;
let warnings: string[];

const open = (init: Parameters<typeof openTestMarket>[1] = {}) =>
  openTestMarket(dataDir, { onWarning: (message) => warnings.push(message), ...init });
beforeEach(async () => {
  directory = temporaryDirectory();
  dataDir = join(directory.path, 'data');
  warnings = [];
  market = await open();
  owner = await fundedOwner(market, dataDir, 320);
});
afterEach(async () => {
  await market.close();
  directory.remove();
});

const treasuryMicro = () => market.ledger.account(market.ledger.settings().treasury).balanceMicro;
const listing = () => market.service.markets().find(({ id }) => id === theirs);
const expertsOf = (id: MarketId) =>
  market.ledger
    .experts(id)
    .filter(({ leavesAtEpoch }) => leavesAtEpoch === undefined)
    .map(({ name }) => name)
    .sort();
const embedIn = (id: MarketId) =>
  market.service.serve({ account: market.clientAccount, market: id, texts: ['a short text'] });

it('a stranger who opens a market gets nothing of the treasury, and the operator is told how to join', async () => {
  const before = treasuryMicro();
  await createForeignMarket(market, owner, theirs);
  await market.marketsSettled();
  expect(treasuryMicro()).toBe(before);
  expect(expertsOf(theirs)).toEqual([]);
  const reason = expect.stringContaining(`moe expert join ${theirs}`);
  expect(listing()).toMatchObject({ state: 'not-served', reason });
  await expect(embedIn(theirs)).rejects.toMatchObject({ code: 'market-not-served', message: reason });
  expect(warnings).toEqual([reason]);
});

it('told to, the house joins; a restart keeps the choice; taken back, it leaves, and its money comes home or is on the way', async () => {
  await market.close();
  dataDir = join(directory.path, 'short-epochs');
  market = await open({ epochMs: 400 });
  await createForeignMarket(market, await fundedOwner(market, dataDir, 320), theirs);
  await market.close();
  market = await open({ joinMarkets: [theirs] });
  expect(expertsOf(theirs)).toEqual(names);
  await embedIn(theirs);
  await market.close();
  market = await open();
  expect(listing()).toMatchObject({ state: 'serving' });
  await embedIn(theirs);
  const staked = market.ledger.experts(theirs).reduce((sum, { stakeMicro }) => sum + stakeMicro, 0n);
  expect(staked).toBe(credits(30));
  await market.chooseMarket(theirs, false);
  expect(expertsOf(theirs)).toEqual([]);
  await expect(embedIn(theirs)).rejects.toMatchObject({ code: 'market-not-served' });
  await market.marketsSettled();
  const { lockedMicro, leaving } = market.ledger.prepaid(market.clientAccount, theirs)!;
  expect(leaving?.amountMicro).toBe(lockedMicro);
  // All but the deposits, which are lost to who leaves while immune, and the least that an account keeps.
  await vi.waitFor(() => expect(market.ledger.experts(theirs)).toEqual([]));
  const { minBalanceMicro } = market.ledger.settings().rules;
  await vi.waitFor(() =>
    expect(joiningSpentMicro(dataDir)).toBeLessThanOrEqual(4_750_000n + 3n * minBalanceMicro),
  );
});

it('a market of the treasury itself is served unasked', async () => {
  await createForeignMarket(market, ownerKeyOf(dataDir, 'treasury'), theirs);
  await market.marketsSettled();
  expect(expertsOf(theirs)).toEqual(names);
});

it('the attack on the treasury: dear registrations without immunity, few places, are refused with reasons', async () => {
  await market.chooseMarket(theirs, true);
  const before = treasuryMicro();
  await createForeignMarket(market, owner, theirs, {
    registration: { floorMicro: credits(1_000), capMicro: credits(1_000), riseBps: 0, decayBps: 0 },
    immunityEpochs: 0,
    maximumExperts: 12,
  });
  await market.marketsSettled();
  expect(treasuryMicro()).toBe(before);
  expect(expertsOf(theirs)).toEqual([]);
  const { reason } = listing()!;
  for (const named of ['immunityEpochs', 'maximumExperts', 'registration.floorMicro'])
    expect(reason).toContain(named);
});

it('all markets of others together get the budget and no more, whoever comes later or again', async () => {
  await market.close();
  market = await open({ joinBudgetMicro: credits(25) });
  const before = treasuryMicro();
  const prepaid = credits(1_000);
  for (const [index, id] of [theirs, 'another-market' as MarketId].entries()) {
    await createMarket(market, owner, id);
    await market.marketsSettled();
    // An expert takes a stake of 10 credits and a deposit of 1, the next of 1.5: two fit.
    expect([expertsOf(theirs).length, expertsOf(id).length]).toEqual(index === 0 ? [2, 2] : [2, 0]);
  }
  await market.experts.add(expert('late', blend('late', 0.3)));
  expect(expertsOf(theirs)).toHaveLength(2);
  expect(warnings.some((message) => message.includes('25 that the house spends'))).toBe(true);
  const { depositMicro } = market.ledger.experts(embeddedMarketId).find(({ name }) => name === 'late')!;
  expect(before - treasuryMicro() - 4n * prepaid - credits(10) - depositMicro).toBe(
    22_500_000n + 3n * market.ledger.settings().rules.minBalanceMicro,
  );
  await market.close();
  market = await open();
  expect(expertsOf(theirs)).toHaveLength(2);
  expect(expertsOf('another-market' as MarketId)).toHaveLength(0);
});

it('announced terms that are hostile make the house leave, with its deposits, before they begin', async () => {
  await createMarket(market, owner, theirs);
  await market.marketsSettled();
  expect(expertsOf(theirs)).toEqual(names);
  const { terms } = market.ledger.market(theirs)!;
  const deposits = market.ledger.experts(theirs).map(({ depositMicro }) => depositMicro);
  await market.ledger.transact(owner, {
    kind: 'updateMarket',
    market: theirs,
    terms: {
      ...terms,
      immunityEpochs: 0,
      maximumExperts: 3,
      parameters: { ...terms.parameters, version: 2 },
      registration: { floorMicro: 0n, capMicro: 0n, riseBps: 0, decayBps: 0 },
    },
  });
  await market.marketsSettled();
  expect(expertsOf(theirs)).toEqual([]);
  // They are immune still, and were there before the announcement.
  expect(market.ledger.experts(theirs).map(({ depositMicro }) => depositMicro)).toEqual(deposits);
  expect(listing()!.reason).toMatch(/from epoch \d+ on, .*immunityEpochs/);
});

it('a market that could not be opened for a passing error is opened when that is over', async () => {
  await market.close();
  const obstacle = join(dataDir, 'markets');
  writeFileSync(obstacle, 'in the way');
  market = await open();
  await createMarket(market, owner, theirs);
  await market.marketsSettled();
  expect(listing()).toMatchObject({ state: 'not-served' });
  expect(warnings.at(-1)).toContain('will be tried again in');
  rmSync(obstacle);
  await vi.waitFor(() => expect(listing()).toMatchObject({ state: 'serving' }));
  await market.marketsSettled();
  await embedIn(theirs);
});

it('the choice is a file of the operator: one that is damaged joins nothing and is named', async () => {
  await market.chooseMarket(theirs, true);
  writeFileSync(join(dataDir, 'joined-markets.json'), '{');
  await createForeignMarket(market, owner, theirs);
  await market.marketsSettled();
  expect(market.ledger.experts(theirs)).toEqual([]);
  expect(warnings.at(-1)).toContain('joined-markets.json');
});
