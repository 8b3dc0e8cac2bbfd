import {
  accountIdSchema,
  amountSchema,
  hashSchema,
  marketIdSchema,
  nodeIdSchema,
} from '@market-of-experts/core';
import { z } from 'zod';
import { counterSchema, networkIdSchema, positiveAmountSchema } from '../fields/fields.ts';
import { LEDGER_LIMITS as limits } from '../fields/limits.ts';

/** The outcome of a batch of certified jobs, netted. Rules: `settlement.ts`. */
export const settlementBodySchema = z.strictObject({
  network: networkIdSchema,
  market: marketIdSchema,
  /** The market's settlements are numbered 0, 1, 2, … */
  batch: counterSchema,
  /** The gateway that served the orders; the clients' money must be locked for it. */
  gateway: nodeIdSchema,
  /** Who proposes it: the gateway itself, or a validator that stands in for it. */
  by: nodeIdSchema,
  /**
   * Sorted by client, each once. Closes the client's orders `fromSeq` (inclusive) to `toSeq` (exclusive)
   * and takes what they cost together from the client's locked money.
   */
  orders: z
    .array(
      z.strictObject({
        client: accountIdSchema,
        fromSeq: counterSchema,
        toSeq: counterSchema,
        chargeMicro: amountSchema,
      }),
    )
    .max(limits.settlementRows),
  /** Sorted by account, each once: the market's owner's cut. */
  credits: z
    .array(z.strictObject({ account: accountIdSchema, amountMicro: positiveAmountSchema }))
    .max(limits.settlementRows),
  /**
   * Sorted by node, each once: what experts earned. Shared with who delegated to the node; to `owner` alone where it is
   * registered no more.
   */
  earnings: z
    .array(z.strictObject({ node: nodeIdSchema, owner: accountIdSchema, amountMicro: positiveAmountSchema }))
    .max(limits.settlementRows),
  /** Sorted by node, each once: taken from the expert's stake, as far as it reaches, and burnt. */
  slashes: z
    .array(z.strictObject({ node: nodeIdSchema, amountMicro: amountSchema }))
    .max(limits.settlementRows),
  /** The part of the charges that goes to the market's reward pool. */
  poolMicro: amountSchema,
  /** Number of certificates in the batch: one for each order closed. */
  certificates: z.int().min(0),
  /** Root over the certificates, so that anyone who holds them can check the netting. */
  root: hashSchema,
});
export type SettlementBody = z.infer<typeof settlementBodySchema>;
