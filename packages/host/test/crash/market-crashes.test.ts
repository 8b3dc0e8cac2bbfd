import { join } from 'node:path';
import { soaked } from '@market-of-experts/testing/soak';
import {
  failedChecks,
  openTestMarket,
  receiptOf,
  temporaryDirectory,
} from '@market-of-experts/testing/test-market';
import { expect, it, vi } from 'vitest';
import { auditMarket } from './audit.ts';
import { runMarketCrashes } from './market-crashes.ts';

/** As many as a quick machine does in a minute, or two at each moment. */
const init = soaked(
  { kills: 16, budgetMs: 0, leastKills: 8 },
  { kills: 60, budgetMs: 60_000, leastKills: 12 },
);

it('a market that is killed again and again loses, invents and settles nothing twice', {
  timeout: 900_000,
}, async () => {
  const directory = temporaryDirectory();
  const dataDir = join(directory.path, 'data');
  try {
    const { told, ...report } = await runMarketCrashes(dataDir, init);
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({ lostMicro: 0n, inventedMicro: 0n });
    // The kills fell where it hurts.
    expect(report.kills).toBeGreaterThanOrEqual(init.leastKills);
    expect(report.killsWhileOpening).toBeGreaterThan(0);
    expect(report.killsWithPending).toBeGreaterThan(0);
    expect(told.settled.length).toBeGreaterThan(0);

    // What the last process left is settled by the next, and nothing that was told is unsaid.
    const warnings: string[] = [];
    const market = await openTestMarket(dataDir, { onWarning: (message) => warnings.push(message) });
    const served = () => market.service.status().served!;
    await vi.waitFor(() => expect(served().map((each) => each.pendingReceipts)).toEqual([0, 0]));
    expect(warnings).toEqual([]);
    const shardIds = told.answered.filter(({ mode }) => mode === 'shard').map(({ id }) => id);
    for (const id of [...told.settled, ...shardIds])
      expect((await receiptOf(market, id)).status, id).toBe('settled');
    const sample = [...told.settled, ...shardIds].filter(
      (_, index, all) => index % Math.ceil(all.length / 40) === 0,
    );
    for (const id of sample) expect(await failedChecks(market, await receiptOf(market, id)), id).toEqual([]);
    const markets = served();
    await market.close();
    const last = await auditMarket(dataDir, { answered: told.answered, settled: told.settled });
    expect(last).toMatchObject({ lostMicro: 0n, inventedMicro: 0n, problems: [], pendingOrders: 0 });
    const orders = markets.map(({ jobs }) => jobs.certified + jobs.routed + jobs.refunded);
    expect(orders[0]! + orders[1]!).toBe(last.settledOrders);
    for (const { settledMicro } of markets) expect(settledMicro).toBeGreaterThan(0n);
  } finally {
    directory.remove();
  }
});
