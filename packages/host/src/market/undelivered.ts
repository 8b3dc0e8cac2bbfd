import type { ServedText, ServeRequest } from '@market-of-experts/api/market-service';
import { type Clock, hashOf } from '@market-of-experts/core';
import { paidAnswers } from '@market-of-experts/roles/coordinator/paid-answers';

/**
 * Answers that a client has paid for and did not get, because another text of its request failed or it went away. When it
 * asks again, it gets them.
 */
export interface Undelivered {
  keep(request: ServeRequest, text: string, answer: ServedText): void;
  /** Hands an answer out, once. */
  take(request: ServeRequest, text: string): ServedText | undefined;
}

export function undelivered(clock: Clock): Undelivered {
  const paid = paidAnswers<ServedText>(clock);
  const keyOf = (request: ServeRequest, text: string): string => {
    const { account, mode = 'auto', edition = null, isStrict = false, isTextPublic = false } = request;
    return hashOf('moe/undelivered/3', [account, mode, edition, isStrict, isTextPublic, text]);
  };
  return {
    keep: (request, text, answer) => paid.keep(keyOf(request, text), answer),
    take(request, text) {
      if (paid.size === 0) return undefined;
      const { maxFeeMicro } = request;
      return paid.take(
        keyOf(request, text),
        ({ feeMicro }) => maxFeeMicro === undefined || feeMicro <= maxFeeMicro,
      );
    },
  };
}
