import {
  type EmbeddingsRequestBody,
  embeddingsAnswerSchema,
  type ServiceMode,
} from '@market-of-experts/api/embeddings';
import type { Amount } from '@market-of-experts/core/amount';
import { MoeError } from '@market-of-experts/core/errors';
import type { CallOptions, Requests } from './requests.ts';
import { vectorFromBase64 } from './vectors.ts';

export interface EmbedOptions extends CallOptions {
  /** Id or alias of a market, or one of its editions for ever, as in `text-embedding@1`. */
  readonly model: string;
  /** Length of the vectors, 64 up to the edition's (the default). */
  readonly dimensions?: number | undefined;
  /** Default `auto`. */
  readonly mode?: ServiceMode | undefined;
  /** Rejects, so that it can be tried again, rather than give vectors in which a part is missing; default false. */
  readonly isStrict?: boolean | undefined;
  /** What the texts are for. */
  readonly inputType?: 'query' | 'document' | undefined;
  /** Most that one text may cost, an exam on it included, in credits. */
  readonly maxFeeCredits?: string | number | undefined;
  /** Lets everybody read the beginning of the texts; default: only who pays. */
  readonly isTextPublic?: boolean | undefined;
}

export interface Embedded {
  /** The market's id. */
  readonly model: string;
  /** What served the texts, as in `text-embedding@1`: what is stored together should be of one. */
  readonly edition: string | undefined;
  /** By text: names of experts whose part of the vector is missing. */
  readonly missing: readonly (readonly string[])[];
  /** In the order of the texts; undefined for one that the market left out, or answered with what is no vector. */
  readonly vectors: readonly (Float32Array | undefined)[];
  /** One a text. */
  readonly receipts: readonly (string | undefined)[];
  /** What all texts cost together. */
  readonly feeMicro: Amount;
}

/** A batch may take as long as its slowest text in a busy market. */
const timeoutMs = 5 * 60_000;

/**
 * Embeds texts. It may be asked twice: what was paid for is given again at no further cost. Rejects with `market-refused`: of
 * several texts `metadata.param` names the wrong one, e.g. `input[1]`; with `invalid-input` for what are no texts.
 */
export async function embed(
  requests: Requests,
  texts: readonly string[],
  options: EmbedOptions,
): Promise<Embedded> {
  if (!Array.isArray(texts) || texts.some((text) => typeof text !== 'string'))
    throw new MoeError('invalid-input', 'Give the texts as an array of strings, like ["some text"].');
  const { model, dimensions, mode, isStrict, inputType, maxFeeCredits, isTextPublic, ...call } = options;
  const moe = {
    ...(mode === undefined ? {} : { mode }),
    ...(isStrict === undefined ? {} : { strict: isStrict }),
    ...(maxFeeCredits === undefined ? {} : { maxFeeCredits }),
  };
  const body: EmbeddingsRequestBody = {
    model,
    input: texts,
    encoding_format: 'base64',
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(inputType === undefined ? {} : { input_type: inputType }),
    ...(isTextPublic === undefined ? {} : { store: isTextPublic }),
    ...(Object.keys(moe).length === 0 ? {} : { moe }),
  };
  const answer = await requests.read('/v1/embeddings', embeddingsAnswerSchema, { timeoutMs, ...call, body });
  const vectors: (Float32Array | undefined)[] = texts.map(() => undefined);
  for (const { index, embedding } of answer.data)
    if (index < vectors.length && typeof embedding === 'string') vectors[index] = vectorFromBase64(embedding);
  return {
    model: answer.model,
    edition: answer.moe.edition,
    missing: texts.map((_text, index) =>
      answer.moe.missing.filter((part) => part.index === index).map(({ name }) => name),
    ),
    vectors,
    receipts: texts.map((_text, index) => answer.moe.receipts[index]),
    feeMicro: answer.moe.feeMicro,
  };
}
