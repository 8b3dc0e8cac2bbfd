import type { Delivery } from '@market-of-experts/protocol/job/delivery';
import { z } from 'zod';
import { count, micro, openEnum, type Told, textLine, type Wire } from './wire.ts';

const serviceModes = ['auto', 'shard', 'route'] as const;
/** How a datum is served: `shard` competes, `route` asks the historically best expert, `auto` picks. */
export type ServiceMode = (typeof serviceModes)[number];
/** What is delivered from a shard (docs/concepts/routing.md). */
const deliveries = ['ensemble', 'expected-best', 'winner'] as const satisfies readonly Delivery[];

/** Body of `POST /v1/embeddings`: OpenAI's, with what it does not have under `moe`. Unknown fields are refused. */
export const embeddingsRequestSchema = z.strictObject({
  model: z.string().min(1).max(256).describe('Id of a market, or one of its aliases.'),
  input: z
    .union([z.string(), z.array(z.string())])
    .describe('A text, or several. Tokens are refused: each expert has its own tokenizer.'),
  encoding_format: z
    .enum(['float', 'base64'])
    .nullish()
    .describe('Default `float`; `base64` is float32, little-endian.'),
  dimensions: z
    .int()
    .nullish()
    .describe("64 up to the market's dimension: the first numbers of the vector, at unit length."),
  user: z.string().max(512).nullish().describe('Accepted, not used.'),
  store: z
    .boolean()
    .nullish()
    .describe('Lets everybody read the beginning of the texts; default: only who pays.'),
  moe: z
    .strictObject({
      mode: z.enum(serviceModes).optional(),
      delivery: z.enum(deliveries).optional(),
      maxFeeCredits: z
        .union([z.string(), z.number()])
        .transform(String)
        .refine(
          (text) => /^\d{1,12}(\.\d{1,6})?$/.test(text),
          'must be a number of credits with at most six decimals, like 0.01',
        )
        .optional()
        .describe('Most that one text may cost, in credits, e.g. 0.01.'),
    })
    .optional(),
});
export type EmbeddingsRequestBody = Wire<typeof embeddingsRequestSchema>;

export const embeddingsAnswerSchema = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({
      object: z.literal('embedding'),
      index: count,
      embedding: z.union([z.string(), z.array(z.number())]).describe('A unit vector; text when `base64`.'),
    }),
  ),
  model: textLine(),
  usage: z.object({ prompt_tokens: count, total_tokens: count }),
  moe: z.object({
    receipts: z.array(textLine(128)).describe('One receipt a text, in order.'),
    feeMicro: micro.describe('What all texts cost together, in micro-credits.'),
  }),
});
export type EmbeddingsAnswer = Told<typeof embeddingsAnswerSchema>;

/** `POST /v1/try`, for the live page of a gateway that has a key for it. */
export const tryRequestSchema = z.strictObject({ text: z.string() });
export const tryAnswerSchema = z.object({
  receiptId: textLine(128),
  mode: openEnum(['shard', 'route']),
  feeMicro: micro,
  tokens: count,
  dimensions: count,
  durationMs: z.number(),
});
export type TryAnswer = Told<typeof tryAnswerSchema>;
