import type { MarketService, ServedText, ServeRequest } from '@market-of-experts/api/market-service';
import type { FastifyReply } from 'fastify';

/** What the HTTP routes of a kind of market are given. */
export interface TaskRouteComponents {
  readonly service: Pick<MarketService, 'authenticate' | 'markets'>;
  /** Texts of one request at most. */
  readonly maxInputs: number;
  /**
   * Brings texts to their market, within the gateway's limits, and gives as many answers. Of `answerBytes` is held in memory
   * for each while its request is answered. Rejects with what the market rejects with, and with `request-aborted`.
   */
  readonly serve: (
    reply: FastifyReply,
    request: ServeRequest,
    answerBytes: number,
  ) => Promise<readonly ServedText[]>;
  /** Key that the live page pays with, if it may. */
  readonly demoKey: string | undefined;
}
