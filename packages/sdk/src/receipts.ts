import type { Receipt } from '@market-of-experts/api/receipts';
import { type Verification, verifyReceipt as verify } from '@market-of-experts/receipts/verify-receipt';
import type { MarketClient } from './market-client.ts';
import { pause } from './pause.ts';
import type { CallOptions } from './requests.ts';

export type { ReceiptCheck } from '@market-of-experts/receipts/receipt-checks';

/** A receipt, and what came of recomputing it. */
export interface VerifiedReceipt extends Verification {
  readonly receipt: Receipt;
}

/** Routed texts are signed for together, a fifth of a second later. */
const waitMs = 200;
const maxTries = 25;

/**
 * Recomputes a receipt by the protocol's rules, from the signed messages in it: who was drawn, the losses, the winner, the fee and
 * the settlement. Nothing of it is taken on the market's word: what it names by hash is asked of the market and must have
 * that hash. `receipt` is an id, or a receipt that was kept; one that is not signed yet is waited for up to 5 s. Rejects
 * as the client does.
 *
 * @example
 * const { isRight, checks } = await verifyReceipt(market, receipts[0]);
 */
export async function verifyReceipt(
  market: Pick<MarketClient, 'receipt' | 'blob'>,
  receipt: string | Receipt,
  options: CallOptions = {},
): Promise<VerifiedReceipt> {
  const signed = typeof receipt === 'string' ? await signedReceipt(market, receipt, options) : receipt;
  return { receipt: signed, ...(await verify(signed, (hash) => market.blob(hash, options))) };
}

async function signedReceipt(
  market: Pick<MarketClient, 'receipt'>,
  id: string,
  options: CallOptions,
): Promise<Receipt> {
  for (let tries = 1; ; tries += 1) {
    const receipt = await market.receipt(id, options);
    if (receipt.status !== 'open' || tries >= maxTries) return receipt;
    await pause(waitMs, options.signal, options.giveUp);
  }
}
