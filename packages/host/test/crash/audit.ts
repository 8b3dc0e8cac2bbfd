import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AccountId,
  type Amount,
  fromHex,
  hashOf,
  type MarketId,
  ownerKeyFromPrivate,
} from '@market-of-experts/core';
import {
  embeddedLog,
  embeddedReceipts,
  type Ledger,
  openLedger,
  openStore,
  type ReceiptStore,
} from '@market-of-experts/ledger';
import { type Effects, parseSettlementDetail } from '@market-of-experts/protocol';
import { decodeBatch, decodeRecord } from '@market-of-experts/receipts/receipt-record';
import { batchId } from '@market-of-experts/roles/receipts/kept-batch';
import { embeddedMarketId } from '../../src/embedded-market.ts';

/** What a killed process had told its clients. */
export interface Told {
  readonly answered: readonly { readonly mode: string; readonly id: string; readonly feeMicro: Amount }[];
  /** Ids of receipts that were shown as settled. */
  readonly settled: readonly string[];
}

export interface Audit {
  readonly lostMicro: Amount;
  readonly inventedMicro: Amount;
  /** What else is wrong, in sentences. */
  readonly problems: readonly string[];
  readonly settledOrders: number;
  readonly pendingOrders: number;
}

const supplyMicro = 10_000_000_000_000n;
const prepaidMicro = 1_000_000_000n;
/** The market that killed processes open beside the first. */
export const secondMarket = 'second-market' as MarketId;
const clients = ['client', 'house'] as const;

/**
 * Reads what a killed process left, without changing it: folds the ledger from its first entry, adds up every
 * settled batch and compares the sums with the balances, and both with what the clients were told.
 */
export async function auditMarket(dataDir: string, told: Told): Promise<Audit> {
  const nothing = { lostMicro: 0n, inventedMicro: 0n, problems: [], settledOrders: 0, pendingOrders: 0 };
  const keysPath = join(dataDir, 'keys.json');
  if (!existsSync(keysPath) || !existsSync(join(dataDir, 'ledger', 'store'))) return nothing;
  const { owners } = JSON.parse(readFileSync(keysPath, 'utf8')) as { owners: Record<string, string> };
  const addressOf = (name: string): AccountId => ownerKeyFromPrivate(fromHex(owners[name]!)).address;
  const store = openStore(join(dataDir, 'ledger'));
  try {
    const log = embeddedLog(store);
    if ((await log.head()) === 0) return nothing;
    const network = `embedded-${hashOf('moe/network/1', addressOf('treasury')).slice(0, 12)}`;
    const ledger = await openLedger({ log, network });
    const problems: string[] = [];
    const { mintedMicro, burntMicro } = ledger.settings();
    const dueMicro = supplyMicro + mintedMicro - burntMicro;
    let lostMicro = max0(dueMicro - ledger.totalMicro());
    let inventedMicro = max0(ledger.totalMicro() - dueMicro);
    const books: MarketBooks[] = [];
    const stores = [store];
    try {
      books.push(await readBooks(ledger, embeddedReceipts(store), embeddedMarketId, problems));
      const directory = join(dataDir, 'markets', secondMarket, 'receipts');
      if (ledger.market(secondMarket) !== undefined && existsSync(directory)) {
        stores.push(openStore(directory));
        books.push(await readBooks(ledger, embeddedReceipts(stores[1]!), secondMarket, problems));
      }
      // Owners of markets are paid into accounts that other money goes through as well.
      const owners = new Set(ledger.markets().map(({ owner }) => owner));
      for (const { market, effects } of books) {
        for (const [account, deltaMicro] of deltasOf(effects)) {
          if (market !== embeddedMarketId && owners.has(account)) continue;
          const prepaid = ledger.prepaid(account, market);
          // An expert's owner began with what stays in every account; the market's with nothing.
          const isFunded = ledger.experts(market).some(({ owner }) => owner === account);
          const beganMicro = isFunded ? ledger.settings().rules.minBalanceMicro : 0n;
          const movedMicro =
            prepaid === undefined
              ? ledger.account(account).balanceMicro - beganMicro
              : prepaid.lockedMicro - prepaidMicro;
          lostMicro += max0(deltaMicro - movedMicro);
          inventedMicro += max0(movedMicro - deltaMicro);
        }
        for (const account of clients.map(addressOf)) {
          const nextSeq = ledger.nextOrderSeq(account, market);
          const numbers = effects
            .filter(({ client }) => client === account)
            .map(({ clientSeq }) => clientSeq)
            // A settlement has those of one job in the order of their ids.
            .sort((a, b) => a - b);
          if (numbers.some((number, index) => number !== index) || numbers.length !== nextSeq)
            problems.push(
              `The settled orders of a client in ${market} are not 0 to ${nextSeq - 1}, each once.`,
            );
        }
      }
      await compareWithTold(told, books, problems);
      return {
        lostMicro,
        inventedMicro,
        problems,
        settledOrders: books.reduce((sum, { effects }) => sum + effects.length, 0),
        pendingOrders: books.reduce((sum, { receipts }) => sum + receipts.pendingCount(), 0),
      };
    } finally {
      await stores[1]?.close();
    }
  } finally {
    await store.close();
  }
}

/** What one market's settlements come to. */
interface MarketBooks {
  readonly market: MarketId;
  readonly receipts: ReceiptStore;
  /** Of all batches, in the ledger's order. */
  readonly effects: readonly Effects[];
  /** Orders that they settle, each with what proves it. */
  readonly settled: ReadonlySet<string>;
}

async function readBooks(
  ledger: Ledger,
  receipts: ReceiptStore,
  market: MarketId,
  problems: string[],
): Promise<MarketBooks> {
  const effects: Effects[] = [];
  const batches = ledger.market(market)!.nextBatch;
  for (let batch = 0; batch < batches; batch += 1) {
    const bytes = await receipts.get(batchId(batch));
    if (bytes === undefined) problems.push(`The content of batch ${batch} of ${market} is missing.`);
    else effects.push(...parseSettlementDetail(decodeBatch(bytes).detail));
  }
  const settled = new Set(effects.map(nameOf));
  if (settled.size !== effects.length) problems.push('An order was settled twice.');
  return { market, receipts, effects, settled };
}

function deltasOf(effects: readonly Effects[]): ReadonlyMap<AccountId, Amount> {
  const deltas = new Map<AccountId, Amount>();
  for (const { account, deltaMicro } of effects.flatMap((each) => each.deltas))
    deltas.set(account, (deltas.get(account) ?? 0n) + deltaMicro);
  return deltas;
}

async function compareWithTold(
  { answered, settled: shownSettled }: Told,
  books: readonly MarketBooks[],
  problems: string[],
): Promise<void> {
  const settled = new Set(books.flatMap((each) => [...each.settled]));
  const recordOf = async (id: string) => {
    for (const { receipts } of books) {
      const bytes = await receipts.get(id.slice(0, 64));
      if (bytes !== undefined) return decodeRecord(bytes);
    }
    return undefined;
  };
  for (const { mode, id, feeMicro } of answered) {
    if (mode !== 'shard') continue;
    const record = await recordOf(id);
    const paidMicro = record?.effects.deltas.find(
      ({ account }) => account === record.effects.client,
    )?.deltaMicro;
    if (paidMicro !== -feeMicro) problems.push(`Job ${id} was answered, but has no record of its fee.`);
  }
  for (const id of shownSettled) {
    const record = await recordOf(id);
    if (record?.batch === undefined || !settled.has(nameOf(record.effects)))
      problems.push(`Receipt ${id} was shown as settled, but is not.`);
  }
}

function nameOf({ client, clientSeq, proof }: Effects): string {
  return `${client}/${clientSeq}/${proof}`;
}

function max0(amount: Amount): Amount {
  return amount > 0n ? amount : 0n;
}
