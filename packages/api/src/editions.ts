import { hashSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';
import { count, type Told, textLine } from './wire.ts';

export const editionListingSchema = z
  .object({
    name: textLine(80).describe('As `model` of `/v1/embeddings` it is served by this edition for ever.'),
    number: z.int().positive(),
    hash: hashSchema.describe('With it begins the id of each receipt of a text that it served.'),
    isInForce: z.boolean().describe('It serves whoever names the market alone.'),
    dimensions: z.int().positive().describe('Of all parts together.'),
    parts: z
      .array(
        z.object({
          id: textLine(128),
          name: textLine(200),
          modelVersion: hashSchema,
          dimensions: z.int().positive(),
          weight: z
            .number()
            .describe('Of its cosine in the cosine of two vectors, beside the other weights.'),
          isHere: z.boolean().describe('Whether its expert can be asked now.'),
        }),
      )
      .describe('In the order of their numbers in a vector.'),
    projectionSeed: hashSchema.describe('Fixes the projections to fewer dimensions.'),
    fromEpoch: count,
  })
  .describe('Experts that answer together, each in a space of its own: one function that stays.');
export type EditionListing = Told<typeof editionListingSchema>;
