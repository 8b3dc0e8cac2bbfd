import type { MarketClient } from '@market-of-experts/sdk';
import { usageError } from '../terminal/exit-codes.ts';
import { printable } from '../terminal/text.ts';

/**
 * The id of the recent job that begins with `id`, as `moe status` shows it; `id` itself where there is none or it is whole.
 * Throws a usage error where several begin so.
 */
export async function wholeReceiptId(client: MarketClient, id: string): Promise<string> {
  if (!/^[0-9a-f]{8,63}$/.test(id)) return id;
  const status = await client.status().catch(() => undefined);
  const found = [...new Set(status?.recentJobs.map((job) => job.receiptId))].filter((whole) =>
    whole.startsWith(id),
  );
  if (found.length > 1)
    throw usageError(
      `Several receipts begin with ${id}: ${found.map((whole) => printable(whole)).join(', ')}.`,
    );
  return found[0] ?? id;
}
