import { hashSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';
import { count, type Told, textLine, type Wire } from './wire.ts';

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
          lowersLoss: z
            .number()
            .exactOptional()
            .describe(
              'By how much it lowers the loss of the edition in force from ½ (Shapley), by the latest exams; to look at, not paid by. Missing until it is known.',
            ),
        }),
      )
      .describe('In the order of their numbers in a vector.'),
    projectionSeed: hashSchema.describe('Fixes the projections to fewer dimensions.'),
    fromEpoch: count,
  })
  .describe('Experts that answer together, each in a space of its own: one function that stays.');
export type EditionListing = Told<typeof editionListingSchema>;

const examsShape = z
  .object({
    root: hashSchema.describe('Of the list of exams: `/v1/blobs` has it, and the exams that it names.'),
    fromBatch: count.describe('They were closed by settlements from this one on …'),
    toBatch: count.describe('… and before this one.'),
    texts: count,
  })
  .describe('Certified exams that speak for it.');

/** An edition as the ledger remembers it. */
const publishedEditionSchema = z.object({
  name: textLine(80),
  number: z.int().positive(),
  hash: hashSchema,
  record: z.base64().describe('Its canonical bytes (DAG-CBOR), whose hash under `moe/edition/1` that is.'),
  epoch: count.describe('In which it was published.'),
  beacon: hashSchema.describe('Of that epoch: it deals the documents by which it is proven.'),
  exams: examsShape.exactOptional().describe('By which it was chosen; none: by its owner.'),
  shares: z
    .object({
      epoch: count,
      millionths: z.array(count).describe('Of a service fee, in the order of the parts; 1,000,000 together.'),
      exams: examsShape,
    })
    .exactOptional()
    .describe('What its parts are paid since an epoch; none: equal parts.'),
});
export type PublishedEdition = Told<typeof publishedEditionSchema>;
export type PublishedEditionJson = Wire<typeof publishedEditionSchema>;
export const publishedEditionsSchema = z.object({
  editions: z.array(publishedEditionSchema).describe('The first one first.'),
});
