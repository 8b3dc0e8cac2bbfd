import { z } from 'zod';
import { micro, textLine } from './wire.ts';

const pair = z.tuple([z.number(), z.number()]);
const key = textLine(128);

/** What validators signed about a job. */
const certificateSchema = z.object({
  network: textLine(64),
  market: textLine(64),
  job: key,
  data: z
    .array(z.object({ order: key, client: key, winner: key.nullable(), feeMicro: micro }))
    .min(1)
    .describe('One for each order of the job: its own winner and fee.'),
  place: z.number(),
  members: z.array(
    z.object({
      principal: key,
      worker: key,
      workerBps: z.number().describe('Share of the fee that goes to the worker.'),
      onProbation: z.boolean(),
      outcome: textLine(64),
      losses: z.array(pair.nullable()).describe('`[worse, compared]`, one for each order.'),
      slashMicro: micro,
      workerSlashMicro: micro,
    }),
  ),
});
export type CertificateFacts = z.output<typeof certificateSchema>;

/** The certificate inside a receipt of a job in which experts competed. */
export const certifiedReceiptSchema = z.looseObject({
  datum: z
    .int()
    .min(0)
    .describe("Which of the job's orders the receipt is of, by its place in the certificate."),
  certificate: z.looseObject({
    body: certificateSchema,
    signatures: z.array(z.looseObject({ by: key })).default([]),
  }),
});

/** A receipt: everything that is needed to check the job again. What there is depends on how far the job is. */
export const receiptSchema = z.record(z.string(), z.unknown());
export type Receipt = z.output<typeof receiptSchema>;
