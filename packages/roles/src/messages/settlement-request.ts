import { bytesSchema, nodeIdSchema } from '@market-of-experts/core';
import { type SettlementBody, settlementBodySchema } from '@market-of-experts/protocol';
import { type SettlementProof, settlementProofSchema } from '@market-of-experts/receipts/settlement-proof';
import { z } from 'zod';

/** What a gateway, or who stands in for it, asks validators to sign: the proofs of its orders. */
export const settlementRequestSchema = z.strictObject({
  settlement: settlementBodySchema as z.ZodType<SettlementBody>,
  proofs: z.array(settlementProofSchema as unknown as z.ZodType<SettlementProof>).max(1_024),
});
export const settlementResponseSchema = z.strictObject({
  signature: z.strictObject({ node: nodeIdSchema, signature: bytesSchema(64) }),
});
