import type { Balance } from '@market-of-experts/api/balance';
import { receiptIdCharacters } from '@market-of-experts/api/embeddings';
import type { MarketService } from '@market-of-experts/api/market-service';
import type { MarketListing, Model } from '@market-of-experts/api/models';
import { openApiDocument } from '@market-of-experts/api/openapi';
import { formatCredits, type Hash, hashSchema, MoeError } from '@market-of-experts/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { EventHub } from './event-hub.ts';
import { findModel } from './http/find-model.ts';
import { toJson } from './http/json.ts';
import type { Metrics } from './metrics.ts';
import { sendJson, sendJsonText } from './send-json.ts';
import type { StatusCache } from './status-cache.ts';

const receiptIdPattern = new RegExp(`^[A-Za-z0-9_.:-]{1,${receiptIdCharacters}}$`);

/** Made when it is asked for first. */
let openApiJson: string | undefined;

/** Everything that is only read: models, receipts, blobs, status, balance, events, metrics, health. */
export function registerReads(
  app: FastifyInstance,
  components: {
    readonly service: MarketService;
    readonly events: EventHub;
    readonly metrics: Metrics;
    readonly cache: StatusCache;
    readonly securityHeaders: Record<string, string>;
  },
): void {
  const { service, cache, events, metrics } = components;

  app.get('/v1/models', async (_request, reply) =>
    sendJson(reply, { object: 'list', data: service.markets().map(toModel) }),
  );

  app.get<{ Params: { id: string } }>('/v1/models/:id', async (request, reply) => {
    const { market } = findModel(service.markets(), request.params.id);
    return sendJson(reply, toModel(market));
  });

  app.get<{ Params: { id: string } }>('/v1/receipts/:id', async (request, reply) => {
    const { id } = request.params;
    const receipt = receiptIdPattern.test(id) ? await service.receipt(id, request.account) : undefined;
    if (receipt === undefined)
      throw new MoeError(
        'unknown-receipt',
        'There is no receipt with this id. It is the value of the header x-moe-receipt of an answer.',
      );
    return sendJson(reply, receipt);
  });

  app.get<{ Params: { hash: string } }>('/v1/blobs/:hash', async (request, reply) => {
    const { hash } = request.params;
    const bytes = hashSchema.safeParse(hash).success ? await service.blob(hash as Hash) : undefined;
    if (bytes === undefined)
      throw new MoeError('unknown-blob', 'There are no bytes with this hash. A hash has 64 hex digits.');
    const etag = `"${hash}"`;
    reply.headers({ etag, 'cache-control': 'public, max-age=31536000, immutable' });
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply
      .type('application/octet-stream')
      .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  });

  app.get('/v1/balance', async (request, reply) => {
    const account = request.account!;
    const { availableMicro, ...rest } = service.balance(account);
    return sendJson(reply, {
      object: 'balance',
      account,
      availableMicro,
      ...rest,
      availableCredits: formatCredits(availableMicro),
      markets: service
        .markets()
        .filter(({ state }) => state !== 'not-served')
        .map(({ id }) => ({ market: id, ...service.balance(account, id) })),
    } satisfies Balance);
  });

  app.get('/v1/status', async (request, reply) =>
    sendJsonText(uncached(reply), cache.statusJson(request.account)),
  );

  app.get('/v1/events', { exposeHeadRoute: false }, async (request, reply) => {
    const lastEventId = request.headers['last-event-id'];
    events.attach(reply.raw, {
      lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined,
      headers: components.securityHeaders,
      viewer: request.account,
      address: request.ip,
    });
    reply.hijack();
  });

  app.get('/openapi.json', async (_request, reply) => {
    openApiJson ??= toJson(openApiDocument());
    return sendJsonText(reply, openApiJson);
  });

  app.get('/metrics', async (_request, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.render()),
  );

  // Whether the process should live on, and whether it should be sent work now.
  app.get('/healthz', async (_request, reply) => {
    const { needsRestart, reasons } = cache.readiness();
    return sendJson(
      uncached(reply).code(needsRestart ? 503 : 200),
      needsRestart ? { status: 'broken', reasons } : { status: 'ok' },
    );
  });
  app.get('/readyz', async (_request, reply) => {
    const { isReady, reasons } = cache.readiness();
    return sendJson(uncached(reply).code(isReady ? 200 : 503), {
      status: isReady ? 'ready' : 'not-ready',
      reasons,
    });
  });
}

function uncached(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-store');
}

function toModel({
  id,
  createdMs,
  state = 'serving',
  title,
  reason,
  closesAtEpoch,
  ...rest
}: MarketListing): Model {
  return {
    id,
    object: 'model',
    created: Math.floor(createdMs / 1_000),
    owned_by: 'market-of-experts',
    moe: {
      task: rest.task,
      dimensions: rest.dimensions,
      ...(rest.editions === undefined ? {} : { editions: rest.editions }),
      aliases: rest.aliases,
      maxTextBytes: rest.maxTextBytes,
      pricePerKilobyteMicro: rest.pricePerKilobyteMicro,
      ...(title === undefined ? {} : { title }),
      state,
      ...(reason === undefined ? {} : { reason }),
      ...(closesAtEpoch === undefined ? {} : { closesAtEpoch }),
    },
  };
}
