import type { AddressInfo } from 'node:net';
import type { MarketService } from '@market-of-experts/api/market-service';
import { keyedPaths, openPaths, routes } from '@market-of-experts/api/routes';
import type { Viewer } from '@market-of-experts/api/shown-text';
import type { MarketStatus, Readiness } from '@market-of-experts/api/status';
import { type AccountId, MoeError, plainText } from '@market-of-experts/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createAdmission } from './admission.ts';
import { collectAllowedMethods } from './allowed-methods.ts';
import { accountOf, assertKeyed } from './authentication.ts';
import { createConnectionDrain } from './connection-drain.ts';
import { createEventHub } from './event-hub.ts';
import { toJson } from './http/json.ts';
import { hostName, isLoopbackHost } from './http/loopback.ts';
import { createHttpServer } from './http-server.ts';
import { assertHasCost, isPageFile, keylessCost } from './keyless-costs.ts';
import { registerLedgerReads } from './ledger-routes.ts';
import { defaultLimits, type GatewayLimits } from './limits.ts';
import { createMemoryBudget } from './memory-budget.ts';
import { createMetrics } from './metrics.ts';
import { registerPage } from './page-assets.ts';
import { registerReads } from './read-routes.ts';
import { registerRegions } from './regions-route.ts';
import { serveTexts } from './serve-texts.ts';
import { registerEmbeddings } from './tasks/embedding/embeddings-route.ts';
import { registerTransactions } from './transaction-routes.ts';
import { createWorkBudget } from './work-budget.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The account whose key the request carries. */
    account: AccountId | undefined;
  }
}

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
  const readStatus = cached(() => service.status(), limits.statusMaxAgeMs);
  const readReadiness = cached(
    (): Readiness => (isClosing ? notReady(closingError()) : service.readiness()),
    limits.statusMaxAgeMs,
  );
  const writeStatus = (status: MarketStatus): string =>
    toJson({ ...status, readiness: readReadiness(), gateway: { canTry: demoKey !== undefined } });
  const publicStatusJson = cached(() => writeStatus(readStatus()), limits.statusMaxAgeMs);
  // Accounts that have a key here are few; each sees the texts of its own jobs.
  const ownStatusJson = cached(() => new Map<AccountId, string>(), limits.statusMaxAgeMs);
  const statusJson = (viewer: Viewer): string => {
    if (viewer === undefined) return publicStatusJson();
    const kept = ownStatusJson();
    const json = kept.get(viewer) ?? writeStatus(service.status(viewer));
    kept.set(viewer, json);
    return json;
  };
  const metrics = createMetrics({ readStatus, admission, events });
  const observe = (request: FastifyRequest, reply: FastifyReply, status: number) =>
    metrics.observeRequest(
      request.routeOptions.url ?? 'unknown',
      request.method,
      status,
      reply.elapsedTime / 1_000,
    );
  const inFlight = new Set<AbortController>();
  let isClosing = false;
  // The last Host header that was found good: nearly every request repeats it.
  let acceptedHost: string | undefined;

  const drain = createConnectionDrain(app.server);

  const allowed = collectAllowedMethods(app);
  app.addHook('onRoute', ({ url, method }) => {
    assertHasCost(url);
    assertTold(url, [method].flat());
  });
  const budget = createWorkBudget(limits, init.nowMs ?? (() => performance.now()));
  const costOf = ({ routeOptions, method, headers }: FastifyRequest): number =>
    keylessCost(routeOptions.url, {
      method,
      length: headers['content-length'],
      maxBytes: limits.maxKeylessBodyBytes,
    });

  app.decorateRequest('account', undefined);
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.setHeader('x-request-id', request.id);
    for (const name in securityHeaders)
      reply.raw.setHeader(name, securityHeaders[name as keyof typeof securityHeaders]);
    if (isClosing) {
      reply.header('connection', 'close');
      throw closingError();
    }
    if (isLoopback && request.headers.host !== acceptedHost) {
      refuseOtherHosts(request);
      acceptedHost = request.headers.host;
    }
    const { authorization } = request.headers;
    request.account = accountOf(service, authorization);
    const path = request.routeOptions.url;
    if (request.account === undefined) budget.charge(request.ip, costOf(request));
    if (request.is404) {
      const { error, allow } = allowed.errorFor(request.method, request.url);
      if (allow !== undefined) reply.header('allow', allow);
      throw error;
    }
    if (path === undefined) return;
    // Before anything of a body is read.
    if (keyedPaths.has(path) || (!isLoopback && !openPaths.has(path)))
      assertKeyed(request.account, authorization);
  });
  app.addHook('onResponse', async (request, reply) => observe(request, reply, reply.statusCode));

  const memory = createMemoryBudget(limits.maxHeldBytes);
  const serve = serveTexts({ service, limits, admission, memory, metrics, inFlight });
  registerEmbeddings(app, { service, maxInputs: limits.maxInputs, serve, demoKey });
  registerReads(app, {
    service,
    events,
    metrics,
    statusJson,
    securityHeaders,
    readReadiness,
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

/** A page of another site can point a name of its own at 127.0.0.1 (DNS rebinding): its `Host` gives it away. */
function refuseOtherHosts(request: FastifyRequest): void {
  const name = hostName(request.headers.host ?? '');
  if (!isLoopbackHost(name))
    throw new MoeError(
      'forbidden-host',
      'This gateway answers to localhost and 127.0.0.1 only. To serve other names, let it listen on another address.',
    );
}

function closingError(): MoeError {
  return new MoeError('market-closed', 'The market is closing. Try again when it is back.', {
    isRetryable: true,
  });
}

function notReady({ code, message }: MoeError): Readiness {
  return { isReady: false, reasons: [{ code, message }], needsRestart: false };
}

function cached<T>(read: () => T, maxAgeMs: number): () => T {
  let value: { readonly result: T; readonly atMs: number } | undefined;
  return () => {
    const nowMs = performance.now();
    if (value === undefined || nowMs - value.atMs > maxAgeMs) value = { result: read(), atMs: nowMs };
    return value.result;
  };
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
