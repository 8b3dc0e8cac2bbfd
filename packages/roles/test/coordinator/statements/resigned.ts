import { decode, type Hash, type KeyPair } from '@market-of-experts/core';
import {
  type StatementListBody,
  signStatementList,
  statementRoot,
  textHashOf,
} from '@market-of-experts/protocol';
import type { LedgerMarket } from '@market-of-experts/testing/ledger-market';
import type { z } from 'zod';
import { routeRequestSchema, type routeResponseSchema } from '../../../src/messages/protocols.ts';

export type RouteResponse = z.infer<typeof routeResponseSchema>;

export function textsOf(message: Uint8Array): readonly string[] {
  return decode(message, routeRequestSchema).texts;
}

/** An answer as its expert would have signed it, with these changes. What cannot be stated stays as it was signed. */
export function resigned(
  market: LedgerMarket,
  index: number,
  response: RouteResponse,
  texts: readonly string[],
  changes: Partial<StatementListBody> = {},
  keys: KeyPair = market.keysOf(`expert-${index}`),
): RouteResponse {
  const { textKey, ...said } = response.statements!;
  const answers = response.vectors.flatMap((answer, at) => {
    const vector = market.view.task.statedVector(answer);
    return vector === undefined ? [] : [{ text: textHashOf(textKey as Hash, texts[at]!), vector }];
  });
  if (answers.length < response.vectors.length) return response;
  const { body, signature } = signStatementList(keys, {
    network: market.ledger.network,
    market: market.market,
    node: market.experts[index]!,
    version: said.version,
    epoch: said.epoch,
    size: answers.length,
    root: statementRoot(answers),
    ...changes,
  });
  return { ...response, statements: { version: body.version, epoch: body.epoch, textKey, signature } };
}
