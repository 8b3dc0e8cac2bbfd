import { z } from 'zod';
import { previewText } from './jobs.ts';
import { count, micro, type Told, textLine } from './wire.ts';

export const MAX_REGIONS = 256;

/** Query of `GET /v1/regions`; all of it may be left out. */
export const regionsQuerySchema = z.strictObject({
  market: z.string().optional().describe('Id or alias of a market; default: the first.'),
  loss: z
    .string()
    .regex(/^(0(\.\d{1,9})?|1(\.0{1,9})?)$/)
    .optional()
    .describe("Mean loss of the expert that asks, 0 perfect, 0.5 chance; default: the market's mean."),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/)
    .refine((text) => Number(text) <= MAX_REGIONS)
    .optional()
    .describe(`Most regions to return, 1 to ${MAX_REGIONS} (the default).`),
});

/** A cell of the space as somebody sees it who looks for work (docs/concepts/history.md). */
const regionSchema = z.object({
  place: count,
  jobs: count,
  jobsPerHour: z.number(),
  meanFeeMicro: micro,
  meanLoss: z.number(),
  best: z.object({ name: textLine(200), meanLoss: z.number() }).exactOptional(),
  effectiveWinners: z.number().describe('Experts as equally strong ones would share the wins here.'),
  losingMargin: z.number().describe('By how much winners win, in loss; negative where earlier jobs decided.'),
  earningsMicro: micro.describe(
    'What an expert of the loss asked about would earn here in 1,000 jobs of the market, in micro-credits.',
  ),
  preview: previewText
    .exactOptional()
    .describe('Beginning of the most central text, where this node knows it and everybody may read it.'),
});
export type Region = Told<typeof regionSchema>;

export const regionsSchema = z.object({
  object: z.literal('list'),
  expertLoss: z.number().nullable(),
  total: count,
  data: z.array(regionSchema),
});
export type Regions = Told<typeof regionsSchema>;
