import type { EditionListing } from '@market-of-experts/api/editions';
import { embeddingsRequestSchema, type ServiceMode } from '@market-of-experts/api/embeddings';
import type { MarketListing } from '@market-of-experts/api/models';
import type { MoeError } from '@market-of-experts/core';
import { type Amount, parseCredits } from '@market-of-experts/core';
import type { z } from 'zod';
import { findModel } from '../../http/find-model.ts';
import { invalidRequest } from '../../http/http-error.ts';
import { longestShortened } from './shortened.ts';

/** A checked body of `POST /v1/embeddings`. */
export interface EmbeddingsRequest {
  readonly market: MarketListing;
  readonly edition: EditionListing;
  readonly texts: readonly string[];
  /** The client sent one string and not an array. */
  readonly isSingle: boolean;
  readonly encoding: 'float' | 'base64' | 'int8' | 'binary';
  /** Length of the vectors to return, at most the edition's. */
  readonly dimensions: number;
  readonly mode: ServiceMode | undefined;
  /** Rather no answer than one in which a part is missing. */
  readonly isStrict: boolean;
  readonly maxFeeMicro: Amount | undefined;
  /** Whether everybody may read the texts. */
  readonly isTextPublic: boolean;
}

/** Fewest dimensions of a shortened vector: in fewer, chance tells texts apart. */
const minDimensions = 64;

/**
 * Reads a body that came from outside. Throws `invalid-request`, `unknown-parameter`, `unknown-market`, `unknown-edition`,
 * `market-not-served` or `input-too-large`, each with the parameter's name in `metadata.param`.
 */
export function readEmbeddingsRequest(
  body: unknown,
  context: { readonly markets: readonly MarketListing[]; readonly maxInputs: number },
): EmbeddingsRequest {
  const parsed = embeddingsRequestSchema.safeParse(body);
  if (!parsed.success) throw explain(parsed.error.issues[0]!, body);
  const { model, input, encoding_format, dimensions, store, moe } = parsed.data;

  const { market, edition } = findModel(context.markets, model);
  if (edition === undefined) throw notServed(market);

  const texts = typeof input === 'string' ? [input] : input;
  if (texts.length === 0)
    throw invalidRequest('input', 'The input is an empty array. Send at least one text.');
  if (texts.length > context.maxInputs)
    throw invalidRequest(
      'input',
      `The input has ${texts.length} texts; one request takes at most ${context.maxInputs}.`,
      'input-too-large',
    );
  texts.forEach((text, index) => {
    checkText(text, typeof input === 'string' ? 'input' : `input[${index}]`, market.maxTextBytes);
  });

  return {
    market,
    edition,
    texts,
    isSingle: typeof input === 'string',
    encoding: encoding_format ?? 'float',
    dimensions: checkDimensions(dimensions ?? edition.dimensions, edition, encoding_format === 'binary'),
    isTextPublic: store === true,
    mode: moe?.mode,
    isStrict: moe?.strict === true,
    maxFeeMicro: moe?.maxFeeCredits === undefined ? undefined : parseCredits(moe.maxFeeCredits),
  };
}

/** Throws `invalid-request` or `input-too-large` for a text that a market cannot serve. */
export function checkText(text: string, param: string, maxTextBytes: number): void {
  if (text.trim() === '') throw invalidRequest(param, `The text in "${param}" is empty. Send some words.`);
  if (!text.isWellFormed())
    throw invalidRequest(
      param,
      `The text in "${param}" has half of a surrogate pair, which is no Unicode text. Check where it was cut.`,
    );
  // A UTF-16 unit takes at most three bytes of UTF-8: short texts need no counting.
  if (text.length * 3 <= maxTextBytes) return;
  const bytes = Buffer.byteLength(text);
  if (bytes > maxTextBytes)
    throw invalidRequest(
      param,
      `The text in "${param}" has ${bytes} bytes; this market takes at most ${maxTextBytes} a text. Split it.`,
      'input-too-large',
    );
}

function checkDimensions(
  dimensions: number,
  { name, dimensions: all }: EditionListing,
  areBits: boolean,
): number {
  const least = Math.min(minDimensions, all);
  const most = Math.min(longestShortened, all);
  if (dimensions !== all && (dimensions < least || dimensions > most))
    throw invalidRequest(
      'dimensions',
      `The edition "${name}" gives ${least} to ${most}${most === all ? '' : `, or all ${all},`} dimensions, not ${dimensions}.`,
    );
  if (areBits && dimensions % 8 !== 0)
    throw invalidRequest('dimensions', `Bits fill bytes: ${dimensions} is no multiple of 8.`);
  return dimensions;
}

function notServed({ id, reason }: MarketListing): MoeError {
  return invalidRequest(
    'model',
    `The market "${id}" is on the ledger, but this node does not serve it: ${reason ?? 'it has no edition yet'}.`,
    'market-not-served',
  );
}

function explain(issue: z.core.$ZodIssue, body: unknown): MoeError {
  if (issue.code === 'unrecognized_keys') {
    const name = clip([...issue.path, issue.keys[0]].join('.'));
    return invalidRequest(name, `Unknown parameter: "${name}".`, 'unknown-parameter');
  }
  const param = issue.path.join('.');
  if (param === '') return invalidRequest('body', 'The body must be a JSON object with "model" and "input".');
  if (issue.path[0] === 'input') return explainInput((body as { input?: unknown }).input);
  if (param === 'model')
    return invalidRequest('model', 'Give the name of a market in "model". GET /v1/models lists them.');
  if (issue.code === 'invalid_value')
    return invalidRequest(param, `"${param}" must be one of: ${issue.values.map(String).join(', ')}.`);
  return invalidRequest(param, `The value of "${param}" is not right: ${issue.message}.`);
}

function explainInput(input: unknown): MoeError {
  if (input === undefined || input === null)
    return invalidRequest('input', 'Give a text, or an array of texts, in "input".');
  if (!Array.isArray(input))
    return invalidRequest('input', '"input" must be a string or an array of strings.');
  const index = input.findIndex((item) => typeof item !== 'string');
  const item: unknown = input[index];
  const param = `input[${index}]`;
  if (typeof item === 'number' || Array.isArray(item))
    return invalidRequest(
      param,
      '"input" holds tokens. The experts of a market have tokenizers of their own: send the text as a string.',
    );
  return invalidRequest(
    param,
    `"input" must hold strings only; number ${index} is ${item === null ? 'null' : typeof item}.`,
  );
}

function clip(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
