import { bytesSchema, nodeIdSchema } from '@market-of-experts/core';
import { z } from 'zod';
import { signatureSchema } from '../../fields/fields.ts';
import { LEDGER_LIMITS as limits } from '../../fields/limits.ts';
import { signedCertificateBodySchema } from '../../job/certificate.ts';
import { statementSchema } from '../../job/equivocation.ts';
import { limits as jobLimits, orderBodySchema } from '../../job/messages.ts';
import { settlementBodySchema } from '../../settlement/settlement-body.ts';
import { modelVersionSchema } from '../../statements/model-version.ts';
import { shownStatementSchema } from '../../statements/statement-list.ts';

const signedSettlementSchema = z.strictObject({ body: settlementBodySchema, signature: signatureSchema });
const signedCertificateSchema = z.strictObject({
  body: signedCertificateBodySchema,
  signature: signatureSchema,
});
/**
 * What can be shown against a node. Everything in it is signed by that node. What it said of a job comes with the job's
 * `orders`, whose ids make the job's, and which name network, market, clients and dates. A reveal that does not open its
 * seal is not among it: the job's certificate punishes it, and it would be paid for twice.
 */
export const misconductSchema = z.discriminatedUnion('kind', [
  /** Two statements of an expert that exclude one another. */
  z.strictObject({
    kind: z.literal('statements'),
    orders: z.array(orderBodySchema).min(1).max(jobLimits.orders),
    statements: z.tuple([statementSchema, statementSchema]),
  }),
  /** A witness certified two outcomes of one job. */
  z.strictObject({
    kind: z.literal('certificates'),
    orders: z.array(orderBodySchema).min(1).max(jobLimits.orders),
    validator: nodeIdSchema,
    certificates: z.tuple([signedCertificateSchema, signedCertificateSchema]),
  }),
  /** A validator signed two settlements of one number that the same node proposed for the same gateway. */
  z.strictObject({
    kind: z.literal('settlements'),
    validator: nodeIdSchema,
    settlements: z.tuple([signedSettlementSchema, signedSettlementSchema]),
  }),
  /** A validator signed a settlement that does not pay what its own detail says. */
  z.strictObject({
    kind: z.literal('settlement'),
    validator: nodeIdSchema,
    settlement: signedSettlementSchema,
    /** The blob whose hash is the settlement's `root`. */
    detail: bytesSchema(limits.evidenceBytes),
  }),
  /** An expert answered one text with two vectors under one model version. The texts stay unknown: only a hash names them. */
  z.strictObject({
    kind: z.literal('contradiction'),
    version: modelVersionSchema,
    statements: z.tuple([shownStatementSchema, shownStatementSchema]),
  }),
]);
export type Misconduct = z.infer<typeof misconductSchema>;
