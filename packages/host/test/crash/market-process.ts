/**
 * The process that is killed: `node market-process.ts DIRECTORY`. Loads, waits for a line on standard input, then
 * opens the market and keeps it busy until it dies. It writes a line to standard output for everything that it
 * was told: `opened`, `answered shard|route ID FEE`, `settled ID`.
 */
import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import type { AccountId, MarketId } from '@market-of-experts/core';
import { editionReceiptParts } from '@market-of-experts/receipts/receipt-id';
import { createMarket, longText, openTestMarket, ownerKeyOf } from '@market-of-experts/testing/test-market';
import { embeddedMarketId } from '../../src/embedded-market.ts';
import { secondMarket } from './audit.ts';

const say = (line: string) => writeSync(1, `${line}\n`);
const directory = process.argv[2]!;
// Killed processes write no compile cache; without one, every start costs twice the time.
flushCompileCache();
say('loaded');
process.stdin.once('data', () => void work());
// An orphan ends: without its parent nobody would kill it.
process.stdin.once('end', () => process.exit(0));

async function work(): Promise<void> {
  const market = await openTestMarket(directory, {
    ticketDepth: 4,
    // The audit adds up what jobs pay; emission would come on top.
    epochMs: 86_400_000,
    settleEveryMs: 20,
    onWarning: (message) => process.stderr.write(`${message}\n`),
  });
  const { service, clientAccount, houseAccount } = market;
  say('opened');
  // Some processes die before it exists, some while it opens.
  if (market.ledger.market(secondMarket) === undefined)
    await createMarket(market, ownerKeyOf(directory, 'treasury'), secondMarket, {
      parameters: { feeBps: 1_000 },
    });
  const waiting = new Set<string>();
  service.subscribe((event) => {
    if (event.type !== 'settlement-applied') return;
    for (const id of waiting)
      void service.receipt(id).then((receipt) => {
        if (receipt?.status === 'settled' && waiting.delete(id)) say(`settled ${id}`);
      });
  });
  const load = async (id: MarketId, account: AccountId, texts: () => string[]): Promise<never> => {
    for (;;)
      for (const answer of await service.serve({ account, market: id, texts: texts(), mode: 'shard' })) {
        const { receipts } = editionReceiptParts(answer.receiptId)!;
        // The edition has one part, which costs as much as an exam.
        const feeMicro = answer.isExamined ? answer.feeMicro / 2n : answer.feeMicro;
        say(`answered ${answer.isExamined ? 'shard' : 'route'} ${receipts.at(-1)} ${feeMicro}`);
        for (const id of receipts) waiting.add(id);
      }
  };
  let number = Math.floor(Math.random() * 1_000);
  const long = () => longText(number++);
  // A tally holds its order number for 200 ms: the house, which has none, is settled meanwhile.
  await Promise.all([
    load(embeddedMarketId, clientAccount, () => [long(), `a${number}`, `b${number}`]),
    load(embeddedMarketId, houseAccount, () => [long(), long()]),
    load(secondMarket, clientAccount, () => [long()]),
  ]);
}
