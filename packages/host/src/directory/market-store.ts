import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MarketId } from '@market-of-experts/core';
import { embeddedReceipts, openStore, type ReceiptStore } from '@market-of-experts/ledger';

/** Where a market that somebody opened on the ledger is kept, beside the first one, which has the data directory itself. */
function marketDirectory(dataDir: string, market: MarketId): string {
  return join(dataDir, 'markets', market);
}

export function hasMarketDirectory(dataDir: string, market: MarketId): boolean {
  return existsSync(marketDirectory(dataDir, market));
}

/** A market's files and its receipts. */
export interface MarketStore {
  readonly directory: string;
  readonly receipts: ReceiptStore;
  close(): Promise<void>;
}

/** Opens, or makes, the store of a further market. Throws as `openStore` of the ledger does. */
export function openMarketStore(dataDir: string, market: MarketId): MarketStore {
  const directory = marketDirectory(dataDir, market);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const store = openStore(join(directory, 'receipts'));
  const receipts = embeddedReceipts(store);
  return {
    directory,
    receipts,
    async close() {
      await receipts.close();
      await store.close();
    },
  };
}
