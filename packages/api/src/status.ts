import { hashSchema, marketIdSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';
import { expertStatusSchema } from './experts.ts';
import { jobSummarySchema } from './jobs.ts';
import { marketListingSchema } from './models.ts';
import { count, micro, openEnum, type Told, textLine, timeMs, type Wire } from './wire.ts';

const sentences = z.array(textLine(2_000)).max(100);
const jobCounts = z.object({ certified: count, routed: count, refunded: count });
const historySize = z.object({ records: count, bytesPerRecord: z.number() });

/** Whether the first market can do its work now: serve a text whole, compete for it, be paid and settle. */
export const readinessSchema = z.object({
  isReady: z.boolean(),
  reasons: z
    .array(z.object({ code: textLine(64), message: textLine(2_000) }))
    .describe('Everything that is in the way, each a sentence for people. Empty when ready.'),
  needsRestart: z
    .boolean()
    .describe('It does not recover by itself: the process must be ended and started again.'),
});
export type Readiness = Told<typeof readinessSchema>;

const servedMarketSchema = z.object({
  id: marketIdSchema,
  state: openEnum(['serving', 'closing']),
  experts: z.array(expertStatusSchema),
  jobs: jobCounts,
  settledMicro: micro,
  pendingReceipts: count,
  history: historySize,
});
/** One of several markets that are served side by side. */
export type ServedMarket = Told<typeof servedMarketSchema>;

const marketStatusSchema = z.object({
  version: textLine(64),
  network: textLine(64),
  startedAtMs: timeMs,
  markets: z.array(marketListingSchema),
  served: z
    .array(servedMarketSchema)
    .exactOptional()
    .describe(
      'Every market that is served, the first one first. `experts`, `jobs` and the sums are of the first alone.',
    ),
  experts: z.array(expertStatusSchema),
  validators: z.array(z.object({ id: textLine(128), name: textLine(200), stakeMicro: micro })),
  jobs: jobCounts,
  settledMicro: micro,
  pendingReceipts: count,
  ledger: z.object({ height: count, stateRoot: hashSchema, totalMicro: micro }),
  attendance: sentences.describe('Which validators are missing, since when, and what will happen when.'),
  notices: sentences.describe('What the operator should know and do, such as money that runs out.'),
  history: historySize,
  recentJobs: z.array(jobSummarySchema),
});
export type MarketStatus = Told<typeof marketStatusSchema>;

/** `GET /v1/status`: what the service tells, and what its gateway adds. */
export const statusSchema = marketStatusSchema.extend({
  readiness: readinessSchema,
  gateway: z.object({ canTry: z.boolean().describe('Whether `POST /v1/try` is there.') }),
});
export type Status = Told<typeof statusSchema>;
export type StatusJson = Wire<typeof statusSchema>;

export const healthSchema = z.object({
  status: openEnum(['ok', 'broken']),
  reasons: readinessSchema.shape.reasons.exactOptional(),
});
export const readySchema = z.object({
  status: openEnum(['ready', 'not-ready']),
  reasons: readinessSchema.shape.reasons,
});
