import { z } from 'zod';
import { count, micro, type Told, textLine, type Wire } from './wire.ts';

/** Longest id of a receipt: of an edition, its parts and an exam. */
export const receiptIdCharacters = 1_024;

const serviceModes = ['auto', 'shard'] as const;
/** Every text is served by an edition. With `shard` experts are examined on it, too; with `auto` on some texts, by chance. */
export type ServiceMode = (typeof serviceModes)[number];

/** Body of `POST /v1/embeddings`: OpenAI's, with what it does not have under `moe`. Unknown fields are refused. */
export const embeddingsRequestSchema = z.strictObject({
  model: z
    .string()
    .min(1)
    .max(256)
    .describe('Id of a market, or one of its aliases; with `@` and a number: one edition of it for ever.'),
  input: z
    .union([z.string(), z.array(z.string())])
    .describe('A text, or several. Tokens are refused: each expert has its own tokenizer.'),
  encoding_format: z
    .enum(['float', 'base64', 'int8', 'binary'])
    .nullish()
    .describe(
      'Default `float`; `base64` is float32, little-endian; `int8` whole numbers from -127 to 127 in the same proportion; `binary` bytes of eight signs, the first in the highest bit.',
    ),
  dimensions: z
    .int()
    .nullish()
    .describe("64 up to the edition's dimensions: by its published projection, at unit length."),
  input_type: z
    .enum(['query', 'document'])
    .nullish()
    .describe('What the texts are for. Editions so far give both the same vector.'),
  user: z.string().max(512).nullish().describe('Accepted, not used.'),
  store: z
    .boolean()
    .nullish()
    .describe('Lets everybody read the beginning of the texts; default: only who pays.'),
  moe: z
    .strictObject({
      mode: z.enum(serviceModes).optional(),
      strict: z
        .boolean()
        .optional()
        .describe('`true`: 503 rather than a vector in which a part is missing. Default `false`.'),
      maxFeeCredits: z
        .union([z.string(), z.number()])
        .transform(String)
        .refine(
          (text) => /^\d{1,12}(\.\d{1,6})?$/.test(text),
          'must be a number of credits with at most six decimals, like 0.01',
        )
        .optional()
        .describe('Most that one text may cost, an exam on it included, in credits, e.g. 0.01.'),
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
      embedding: z
        .union([z.string(), z.array(z.number())])
        .describe('A unit vector; text when `base64`; whole numbers when `int8` or `binary`.'),
    }),
  ),
  model: textLine(),
  usage: z.object({ prompt_tokens: count, total_tokens: count }),
  moe: z.object({
    edition: textLine(80).exactOptional().describe('What served the texts, as in `text-embedding@1`.'),
    missing: z
      .array(z.object({ index: count, id: textLine(128), name: textLine(200) }))
      .default([])
      .describe(
        'Experts that gave no answer to the text of that index. Their parts are zero, and cost nothing.',
      ),
    receipts: z.array(textLine(receiptIdCharacters)).describe('One receipt a text, in order.'),
    feeMicro: micro.describe('What all texts cost together, in micro-credits.'),
  }),
});
export type EmbeddingsAnswer = Told<typeof embeddingsAnswerSchema>;

/** `POST /v1/try`, for the live page of a gateway that has a key for it. */
export const tryRequestSchema = z.strictObject({ text: z.string() });
export const tryAnswerSchema = z.object({
  receiptId: textLine(receiptIdCharacters),
  edition: textLine(80),
  isExamined: z.boolean().describe('Whether experts were examined on the text.'),
  feeMicro: micro,
  tokens: count,
  dimensions: count,
  durationMs: z.number(),
});
export type TryAnswer = Told<typeof tryAnswerSchema>;
