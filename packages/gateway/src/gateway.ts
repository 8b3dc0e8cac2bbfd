import type { AddressInfo } from 'node:net';
import type { MarketService } from '@market-of-experts/api/market-service';
import { routes } from '@market-of-experts/api/routes';
import { MoeError, plainText } from '@market-of-experts/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createAdmission } from './admission.ts';
import { createConnectionDrain } from './connection-drain.ts';
import { createEventHub } from './event-hub.ts';
import { isLoopbackHost } from './http/loopback.ts';
import { createHttpServer } from './http-server.ts';
import { assertHasCost, isPageFile } from './keyless-costs.ts';
import { registerLedgerReads } from './ledger-routes.ts';
import { defaultLimits, type GatewayLimits } from './limits.ts';
import { createMemoryBudget } from './memory-budget.ts';
import { createMetrics } from './metrics.ts';
import { registerPage } from './page-assets.ts';
import { registerReads } from './read-routes.ts';
import { registerRegions } from './regions-route.ts';
import { guardRequests } from './request-gate.ts';
import { serveTexts } from './serve-texts.ts';
import { createStatusCache } from './status-cache.ts';
import { registerEmbeddings } from './tasks/embedding/embeddings-route.ts';
import { registerTransactions } from './transaction-routes.ts';

export interface GatewayInit {
  readonly service: MarketService;
  /** Address to listen on; default `127.0.0.1`. */
  readonly host?: string;
  /** Default 8787; 0 takes a free port. */
  readonly port?: number;
  readonly limits?: Partial<GatewayLimits>;
  /**
   * Key that pays for texts typed on the live page. The page never sees it: it sends the text to `/v1/try`.
   * Only for a gateway on a loopback address.
   */
  readonly demoKey?: string;
  /** Told of every answer with status 500; by default written to standard error. */
  readonly reportError?: (error: unknown, requestId: string) => void;
  /** Clock of the budget for requests without a key; default `performance.now`. */
  readonly nowMs?: () => number;
}

export interface Gateway {
  /** E.g. `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, lets those in flight finish for a grace period, then ends them. */
  close(): Promise<void>;
}

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * Serves a market over HTTP: OpenAI's embeddings API, receipts, status, events, metrics and a live page
 * (docs/reference/http-api.md). Rejects with `unsafe-demo-key`, or with the system's error if it cannot listen.
 *
 * @example
 * const gateway = await createGateway({ service, port: 0 });
 * await fetch(`${gateway.url}/healthz`);
 * await gateway.close();
 */
export async function createGateway(init: GatewayInit): Promise<Gateway> {
  const { service, host = '127.0.0.1', port = 8787, demoKey } = init;
  const limits: GatewayLimits = { ...defaultLimits, ...init.limits };
  const isLoopback = isLoopbackHost(host);
  if (demoKey !== undefined && !isLoopback)
    throw new MoeError(
      'unsafe-demo-key',
      `The gateway listens on ${host}, where others can reach it: a demo key would let them spend your credits. ` +
        'Leave the demo key out, or listen on 127.0.0.1.',
    );

  const app = createHttpServer(limits, {
    reportError: init.reportError ?? reportToStandardError,
    clientLeft: (request, reply) => observe(request, reply, 499),
  });
  const admission = createAdmission({
    maxConcurrent: limits.maxConcurrentRequests,
    maxQueued: limits.maxQueuedRequests,
    queueTimeoutMs: limits.queueTimeoutMs,
  });
  const events = createEventHub(service, limits);
  let isClosing = false;
  const refusal = (): MoeError | undefined => (isClosing ? closingError() : undefined);
  const cache = createStatusCache({
    service,
    canTry: demoKey !== undefined,
    maxAgeMs: limits.statusMaxAgeMs,
    refusal,
  });
  const metrics = createMetrics({ readStatus: cache.status, admission, events });
  const observe = (request: FastifyRequest, reply: FastifyReply, status: number) =>
    metrics.observeRequest(
      request.routeOptions.url ?? 'unknown',
      request.method,
      status,
      reply.elapsedTime / 1_000,
    );
  const inFlight = new Set<AbortController>();

  const drain = createConnectionDrain(app.server);

  guardRequests(app, {
    service,
    limits,
    isLoopback,
    headers: securityHeaders,
    nowMs: init.nowMs ?? (() => performance.now()),
    refusal,
  });
  app.addHook('onRoute', ({ url, method }) => {
    assertHasCost(url);
    assertTold(url, [method].flat());
  });
  app.addHook('onResponse', async (request, reply) => observe(request, reply, reply.statusCode));

  const memory = createMemoryBudget(limits.maxHeldBytes);
  const serve = serveTexts({ service, limits, admission, memory, metrics, inFlight });
  registerEmbeddings(app, { service, maxInputs: limits.maxInputs, serve, demoKey });
  registerReads(app, {
    service,
    events,
    metrics,
    cache,
    securityHeaders,
  });
  registerRegions(app, { service, limits });
  registerLedgerReads(app, service);
  registerTransactions(app, { service, limits });
  registerPage(app);

  try {
    await app.listen({ host, port });
  } catch (error) {
    events.close();
    await app.close();
    throw error;
  }
  const address = app.server.address() as AddressInfo;
  const closeOnce = async () => {
    isClosing = true;
    events.close();
    const abort = setTimeout(() => {
      for (const controller of inFlight) controller.abort(closingError());
      // One more turn for those answers to leave, then nothing is kept open.
      setTimeout(() => app.server.closeAllConnections(), 100).unref();
    }, limits.closeGraceMs);
    const closed = app.close();
    drain.start();
    await closed;
    clearTimeout(abort);
  };
  let closing: Promise<void> | undefined;
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    port: address.port,
    close: () => {
      closing ??= closeOnce();
      return closing;
    },
  };
}

/** Throws for an address that the API's description does not have. */
function assertTold(url: string, methods: readonly string[]): void {
  if (isPageFile(url)) return;
  for (const method of methods)
    if (method !== 'HEAD' && !routes.some((route) => route.path === url && route.method === method))
      throw new Error(`The route ${method} ${url} is not among the routes of the API.`);
}

function closingError(): MoeError {
  return new MoeError('market-closed', 'The market is closing. Try again when it is back.', {
    isRetryable: true,
  });
}

function reportToStandardError(error: unknown, requestId: string): void {
  const report = error instanceof Error ? (error.stack ?? error.message) : String(error);
  // What a stranger sent may stand in it: line by line, so that it cannot begin a line of its own.
  console.error(
    `moe gateway: unexpected error in ${requestId}:`,
    report
      .split('\n')
      .map((line) => plainText(line))
      .join('\n    '),
  );
}
