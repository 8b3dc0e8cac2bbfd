import { marketIdSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';
import { editionListingSchema } from './editions.ts';
import { count, micro, openEnum, type Told, textLine, timeMs } from './wire.ts';

const served = openEnum(['serving', 'closing', 'not-served']);
const listingShape = {
  task: openEnum(['text-embedding']),
  dimensions: z.int().positive().describe('Of the edition in force: of all its parts together.'),
  editions: z
    .array(editionListingSchema)
    .exactOptional()
    .describe('Of a market that is served here, the first one first.'),
  aliases: z
    .array(textLine(256))
    .describe(
      'Names by which `/v1/embeddings` accepts this market as `model`, the id among them; with `@` and a number: an edition.',
    ),
  maxTextBytes: z.int().positive().describe('Longest text served, in UTF-8 bytes.'),
  pricePerKilobyteMicro: micro.describe('Of each part, and of an exam.'),
  title: textLine(200).exactOptional().describe('What its owner calls it.'),
  reason: textLine(2_000).exactOptional().describe('Of a market that is not served here: why.'),
  closesAtEpoch: count.exactOptional().describe('Its last epoch is the one before.'),
};

export const marketListingSchema = z.object({
  id: marketIdSchema,
  ...listingShape,
  createdMs: timeMs,
  state: served.exactOptional().describe('Default `serving`. A market that closes is served until it does.'),
});
export type MarketListing = Told<typeof marketListingSchema>;

/** A market in the shape of OpenAI's model object, with what OpenAI does not have under `moe`. */
export const modelSchema = z.object({
  id: marketIdSchema,
  object: z.literal('model'),
  created: count.describe('Seconds since 1970, UTC.'),
  owned_by: z.string(),
  moe: z.object({ ...listingShape, state: served }),
});
export type Model = Told<typeof modelSchema>;

export const modelsSchema = z.object({ object: z.literal('list'), data: z.array(modelSchema) });
