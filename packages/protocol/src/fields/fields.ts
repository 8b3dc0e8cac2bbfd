import { displayNameSchema } from '@market-of-experts/core/display-name';
import { amountSchema, bytesSchema, marketIdSchema, nodeIdSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';
import { LEDGER_LIMITS as limits } from './limits.ts';

/**
 * Name of one ledger, e.g. `embedded-3f9c`. It stands in everything that is signed for the ledger, so give
 * every network a name of its own: a signature then means nothing in another one.
 */
export const networkIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,62}$/, 'must be 2 to 63 lowercase letters, digits or hyphens');

export const positiveAmountSchema = amountSchema.refine((amount) => amount > 0n, 'must be more than 0');
/** Counters that only grow: nonces, order sequence numbers, batch numbers. */
export const counterSchema = z
  .int()
  .min(0)
  .max(2 ** 48);
export const signatureSchema = bytesSchema(64);
export const nameSchema = displayNameSchema;

/** Stake backs either an expert in one market or a validator. */
export const stakeTargetSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('expert'), market: marketIdSchema, node: nodeIdSchema }),
  z.strictObject({ role: z.literal('validator'), node: nodeIdSchema }),
]);
export type StakeTarget = z.infer<typeof stakeTargetSchema>;

export const nodeSignatureSchema = z.strictObject({ node: nodeIdSchema, signature: signatureSchema });
/** A node's signature inside a transaction that an owner sends. */
export type NodeSignature = z.infer<typeof nodeSignatureSchema>;

/** Weights of experts, each once, sorted by node; what matters is their proportion. */
export const weightsListSchema = z
  .array(z.tuple([nodeIdSchema, z.int().min(0).max(65_535)]))
  .max(limits.expertsPerMarket);
