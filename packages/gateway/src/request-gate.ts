import type { MarketService } from '@market-of-experts/api/market-service';
import { keyedPaths, openPaths } from '@market-of-experts/api/routes';
import { type AccountId, MoeError } from '@market-of-experts/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { collectAllowedMethods } from './allowed-methods.ts';
import { accountOf, assertKeyed } from './authentication.ts';
import { hostName, isLoopbackHost } from './http/loopback.ts';
import { keylessCost } from './keyless-costs.ts';
import type { GatewayLimits } from './limits.ts';
import { createWorkBudget } from './work-budget.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The account whose key the request carries. */
    account: AccountId | undefined;
  }
}

/**
 * Looks at every request before anything of its body is read: whether any is taken, to which host it was sent, whose it is,
 * what it may cost, whether there is something at its address, and whether that needs a key. To be called before routes are
 * registered.
 */
export function guardRequests(
  app: FastifyInstance,
  init: {
    readonly service: MarketService;
    readonly limits: GatewayLimits;
    /** Whether only this machine reaches the gateway. */
    readonly isLoopback: boolean;
    /** Headers of every answer. */
    readonly headers: Readonly<Record<string, string>>;
    readonly nowMs: () => number;
    /** Why the gateway takes no more requests, once it does not. */
    readonly refusal: () => MoeError | undefined;
  },
): void {
  const { service, limits, isLoopback, headers, refusal } = init;
  const allowed = collectAllowedMethods(app);
  const budget = createWorkBudget(limits, init.nowMs);
  // The last Host header that was found good: nearly every request repeats it.
  let acceptedHost: string | undefined;
  const costOf = (request: FastifyRequest): number =>
    keylessCost(
      request.routeOptions.url,
      {
        method: request.method,
        length: request.headers['content-length'],
        maxBytes: limits.maxKeylessBodyBytes,
      },
      (request.params as { readonly id?: string } | undefined)?.id,
    );

  app.decorateRequest('account', undefined);
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.setHeader('x-request-id', request.id);
    for (const name in headers) reply.raw.setHeader(name, headers[name]!);
    const refused = refusal();
    if (refused !== undefined) {
      reply.header('connection', 'close');
      throw refused;
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
    if (keyedPaths.has(path) || (!isLoopback && !openPaths.has(path)))
      assertKeyed(request.account, authorization);
  });
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
