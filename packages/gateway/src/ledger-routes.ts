import { marketQuerySchema } from '@market-of-experts/api/ledger-facts';
import type { LedgerService } from '@market-of-experts/api/ledger-service';
import type { MarketService } from '@market-of-experts/api/market-service';
import { type MarketId, MoeError, marketIdSchema, parseAccount } from '@market-of-experts/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { toJson } from './http/json.ts';
import { asLedgerRefusal } from './http/ledger-refusal.ts';
import { readQuery } from './read-query.ts';
import { sendJson, sendJsonText } from './send-json.ts';

/** Answers that are kept, each for another address, until the ledger grows. */
const maxKept = 128;

/** Everything of the ledger that is only read: network, accounts, markets, nodes, weights, ranking. */
export function registerLedgerReads(app: FastifyInstance, { ledger }: Pick<MarketService, 'ledger'>): void {
  const kept = new Map<string, string>();
  let keptHeight = -1;
  /** The same answer for everybody at one height: a market of thousands is written once. */
  const sendKept = (reply: FastifyReply, key: string, read: () => unknown): FastifyReply => {
    const height = ledger.height();
    if (height !== keptHeight) kept.clear();
    keptHeight = height;
    const json = kept.get(key) ?? toJson(read());
    kept.set(key, json);
    if (kept.size > maxKept) kept.delete(kept.keys().next().value!);
    return sendJsonText(reply.header('cache-control', 'no-store'), json);
  };
  const ofMarket = (path: string, read: (market: MarketId) => unknown): void => {
    app.get<{ Querystring: Record<string, unknown> }>(path, async (request, reply) => {
      const market = marketOf(ledger, request.query);
      return sendKept(reply, `${path}?${market}`, () => read(market));
    });
  };

  app.get('/v1/network', async (_request, reply) => sendKept(reply, 'network', () => ledger.network()));

  app.get<{ Params: { account: string } }>('/v1/accounts/:account', async (request, reply) => {
    const account = refusing(() => parseAccount(request.params.account));
    return sendJson(reply.header('cache-control', 'no-store'), ledger.account(account));
  });

  app.get('/v1/ledger/markets', async (_request, reply) =>
    sendKept(reply, 'markets', () => ({ markets: ledger.markets() })),
  );
  app.get<{ Params: { id: string } }>('/v1/ledger/markets/:id', async (request, reply) => {
    const market = knownMarket(ledger, request.params.id);
    return sendKept(reply, `markets/${market}`, () => ledger.market(market));
  });
  app.get('/v1/ledger/validators', async (_request, reply) =>
    sendKept(reply, 'validators', () => ({ validators: ledger.validators() })),
  );
  ofMarket('/v1/ledger/experts', (market) => ({ experts: ledger.experts(market) }));
  ofMarket('/v1/ledger/editions', (market) => ({ editions: ledger.editions(market) }));
  ofMarket('/v1/ledger/quote', (market) => ledger.quote(market));
  ofMarket('/v1/ledger/weights', (market) => ledger.weights(market));
  ofMarket('/v1/metagraph', (market) => ledger.metagraph(market));
}

/** The market that the query names. Throws `unknown-parameter`, `invalid-request` and `unknown-market`. */
function marketOf(ledger: LedgerService, query: Record<string, unknown>): MarketId {
  const { market } = readQuery(marketQuerySchema, query, {
    market: 'Name one market: ?market=ID. GET /v1/ledger/markets lists them.',
  });
  return knownMarket(ledger, market);
}

function knownMarket(ledger: LedgerService, id: string): MarketId {
  const market = marketIdSchema.safeParse(id);
  if (market.success && ledger.market(market.data) !== undefined) return market.data;
  throw asLedgerRefusal(
    new MoeError(
      'unknown-market',
      `There is no market "${id.slice(0, 80)}". GET /v1/ledger/markets lists them.`,
    ),
  );
}

function refusing<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw asLedgerRefusal(error);
  }
}
