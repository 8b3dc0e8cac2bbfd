import { marketIdSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';
import type { ShownText } from './shown-text.ts';
import { bps, count, micro, openEnum, type Told, textLine, timeMs, type Wire } from './wire.ts';

/** Words of a client's text: on the side of the market only `textFor` makes them. */
export const previewText = textLine(2_000) as unknown as z.ZodType<ShownText, string>;

const id = textLine(128);
const name = textLine(200);

export const jobSummarySchema = z.object({
  receiptId: id,
  market: marketIdSchema.exactOptional().describe('The market that the job was done in; default the first.'),
  atMs: timeMs,
  together: id
    .exactOptional()
    .describe(
      'The same for all texts of one exam, and for all parts of an edition that answered the same texts.',
    ),
  texts: count
    .exactOptional()
    .describe(
      'Texts of the exam, each of which is a job of its own; or texts of a client that a part answered, `preview` being of the first.',
    ),
  mode: openEnum(['shard', 'route']),
  kind: openEnum(['client', 'house']),
  outcome: openEnum(['certified', 'refunded', 'routed']),
  preview: previewText.exactOptional().describe('Beginning of the text, where the reader may see it.'),
  place: z.int().exactOptional(),
  members: z.array(
    z.object({
      id,
      name,
      friend: z
        .object({ id, name, askBps: bps })
        .exactOptional()
        .describe('Who worked in its place, and for which share of the fee.'),
      loss: z.number().exactOptional(),
      probation: z.boolean(),
      outcome: textLine(200).exactOptional().describe('What came of its entry, where it was not scored.'),
      slashed: z.boolean().exactOptional().describe('Whether that cost stake.'),
    }),
  ),
  winner: id.exactOptional(),
  feeMicro: micro,
  durationMs: z.number(),
});
export type JobSummary = Told<typeof jobSummarySchema>;
export type JobJson = Wire<typeof jobSummarySchema>;
