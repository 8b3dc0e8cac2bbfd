import { marketIdSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';
import { expertStatusSchema } from './experts.ts';
import { jobSummarySchema } from './jobs.ts';
import { count, micro, type Told, textLine, type Wire } from './wire.ts';

const market = marketIdSchema.exactOptional();
const name = textLine(200);

/** Data of the events of `GET /v1/events`, which are named as `type` says. Names are noun–verb. */
export const marketEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['job-certified', 'job-routed', 'job-refunded']), job: jobSummarySchema }),
  z.object({ type: z.enum(['expert-joined', 'expert-left']), expert: expertStatusSchema }),
  z.object({
    type: z.literal('expert-slashed'),
    market,
    id: textLine(128),
    name,
    reason: textLine(2_000),
    amountMicro: micro,
    receiptId: textLine(128),
  }),
  z.object({
    type: z.literal('training-progressed'),
    name,
    done: z.number(),
    total: z.number(),
    loss: z.number().exactOptional(),
  }),
  z.object({
    type: z.literal('settlement-applied'),
    market,
    jobs: count,
    movedMicro: micro,
    height: count,
  }),
]);
/** What happens in the market, as it happens. */
export type MarketEvent = Told<typeof marketEventSchema>;
export type MarketEventJson = Wire<typeof marketEventSchema>;
/** Names of the events; what else may come is of a newer market. */
export const marketEventTypes: ReadonlySet<string> = new Set(
  marketEventSchema.options.flatMap(({ shape: { type } }) => [
    ...(type instanceof z.ZodEnum ? type.options : type.values),
  ]),
);
