/**
 * The process that is killed: `node worker.ts DIRECTORY`. Loads, waits for a line on standard input, then
 * transfers and settles until it dies. It writes a line to standard output for everything that was
 * acknowledged as durable: `transfer INDEX TRADER NONCE`, `receipt SEQ`, `settled TO_SEQ`.
 */
import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { openEmbeddedLedger } from '@market-of-experts/ledger/embedded-ledger';
import { reconcilePending } from '@market-of-experts/ledger/receipts/reconcile';
import {
  certificateOf,
  client,
  MARKET,
  NETWORK,
  orderOf,
  scenarioGenesis,
  settlementAction,
  setUpScenario,
  traders,
} from './scenario.ts';

const TRANSFERS_IN_FLIGHT = 8;
const ORDERS_PER_SETTLEMENT = 3;
const acknowledge = (line: string) => writeSync(1, `${line}\n`);

const directory = process.argv[2]!;
// Killed processes write no compile cache; without one, every start costs twice the time.
flushCompileCache();
acknowledge('loaded');
process.stdin.once('data', () => void work());
// An orphan ends: without its parent nobody would kill it.
process.stdin.once('end', () => process.exit(0));

async function work(): Promise<void> {
  const { ledger, receipts } = await openEmbeddedLedger({
    directory,
    network: NETWORK,
    genesis: scenarioGenesis(),
    snapshotEvery: 200,
  });
  await setUpScenario(ledger);

  const trade = async (trader: number): Promise<void> => {
    const from = traders[trader]!;
    for (let round = 0; ; round += 1) {
      const to = traders[(trader + 1 + (round % (traders.length - 1))) % traders.length]!.address;
      const nonce = ledger.nextNonce(from.address);
      const { index } = await ledger.transact(from, {
        kind: 'transfer',
        to,
        amountMicro: BigInt(1 + (nonce % 97)),
      });
      acknowledge(`transfer ${index} ${trader} ${nonce}`);
    }
  };
  const settle = async (): Promise<void> => {
    for (;;) {
      const left = await reconcilePending(receipts, ledger, orderOf);
      const firstNew = ledger.nextOrderSeq(client.address, MARKET) + left.length;
      const added = Array.from({ length: ORDERS_PER_SETTLEMENT }, (_, i) => certificateOf(firstNew + i));
      await Promise.all(added.map(({ id, bytes }) => receipts.put(id, bytes, { pending: true })));
      acknowledge(`receipt ${firstNew + added.length - 1}`);
      const batch = [...left, ...added];
      await ledger.transact(client, settlementAction(ledger, batch.length));
      acknowledge(`settled ${firstNew + added.length}`);
      await receipts.markSettled(batch.map(({ id }) => id));
    }
  };
  const traderLoops = traders.flatMap((_, trader) =>
    Array.from({ length: TRANSFERS_IN_FLIGHT }, () => trade(trader)),
  );
  await Promise.all([...traderLoops, settle()]);
}
