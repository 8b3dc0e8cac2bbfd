import type { AccountId, MarketId } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { SettlementBody, TransactionOf } from '@market-of-experts/protocol';

/** A settlement as the ledger has it. */
export type SignedSettlement = Pick<TransactionOf<'settle'>, 'settlement' | 'signatures'>;

const entriesPerRead = 256;

/** The settlements of a market that the ledger has, latest first: read from its log as far as they are asked for. */
async function* settlementsBackwards(
  ledger: Pick<Ledger, 'entries' | 'height'>,
  market: MarketId,
): AsyncGenerator<SignedSettlement> {
  for (let end = ledger.height(); end > 0; ) {
    const start = Math.max(0, end - entriesPerRead);
    for (const { transaction } of [...(await ledger.entries(start, end - start))].reverse())
      if (transaction.kind === 'settle' && transaction.settlement.market === market) yield transaction;
    end = start;
  }
}

/** Those from number `from` on, by number. */
export async function settlementsFrom(
  ledger: Pick<Ledger, 'entries' | 'height'>,
  market: MarketId,
  from: number,
): Promise<Map<number, SettlementBody>> {
  const found = new Map<number, SettlementBody>();
  for await (const { settlement } of settlementsBackwards(ledger, market)) {
    if (settlement.batch < from) break;
    found.set(settlement.batch, settlement);
  }
  return found;
}

/** The numbers of the settlements that closed these orders, in their order; the ledger says that all of them are closed. */
export async function closingBatches(
  ledger: Pick<Ledger, 'entries' | 'height'>,
  market: MarketId,
  closed: readonly { readonly client: AccountId; readonly clientSeq: number }[],
): Promise<number[]> {
  const batches: (number | undefined)[] = closed.map(() => undefined);
  let left = closed.length;
  if (left === 0) return [];
  for await (const { settlement } of settlementsBackwards(ledger, market)) {
    for (const [index, { client, clientSeq }] of closed.entries()) {
      const row = settlement.orders.find((order) => order.client === client);
      if (row === undefined || clientSeq < row.fromSeq || clientSeq >= row.toSeq) continue;
      batches[index] = settlement.batch;
      left -= 1;
    }
    if (left === 0) break;
  }
  return batches as number[];
}
