import { type AccountId, MoeError } from '@moe/core';
import type { Coordinator } from '../coordinator/coordinator.ts';
import type { EmbeddedText, EmbedRequest } from '../market-service.ts';

const neverAborted = new AbortController().signal;

/** The way into a market, which can be shut. */
export interface MarketRequests {
  embed(request: EmbedRequest): Promise<readonly EmbeddedText[]>;
  /** Refuses requests from now on with this error; resolves when those under way have their answers. */
  shut(reason: MoeError): Promise<void>;
}

export function marketRequests(coordinator: Coordinator, houseAccount: AccountId): MarketRequests {
  const underWay = new Set<Promise<unknown>>();
  let refusal: MoeError | undefined;
  return {
    async embed(request) {
      if (refusal !== undefined) throw refusal;
      const signal = request.signal ?? neverAborted;
      // One text that cannot be served ends the request; what is under way for the others is given up too.
      const failed = new AbortController();
      const each = request.texts.length === 1 ? signal : AbortSignal.any([signal, failed.signal]);
      const one = async (text: string) => {
        try {
          return await coordinator.embed({
            account: request.account,
            text,
            mode: request.mode ?? 'auto',
            delivery: request.delivery ?? 'ensemble',
            maxFeeMicro: request.maxFeeMicro,
            kind: request.account === houseAccount ? 'house' : 'client',
            signal: each,
          });
        } catch (error) {
          failed.abort(error);
          throw error;
        }
      };
      const texts = request.texts.map(one);
      const ended = Promise.allSettled(texts).finally(() => underWay.delete(ended));
      underWay.add(ended);
      try {
        return await Promise.all(texts);
      } catch (error) {
        if (signal.aborted) throw new MoeError('request-aborted', 'The client went away.', { cause: error });
        throw error;
      }
    },
    async shut(reason) {
      refusal ??= reason;
      await Promise.all(underWay);
    },
  };
}
