import { MoeError } from '@moe/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const httpMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Methods of each address, filled as routes are registered after this call. */
export function collectAllowedMethods(app: FastifyInstance): Map<string, Set<string>> {
  const allowed = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = allowed.get(url) ?? new Set();
    for (const name of [method].flat()) methods.add(name);
    allowed.set(url, methods);
  });
  return allowed;
}

/** Answers 405 with `Allow`, before any body is read, for known addresses with a wrong method. */
export function refuseOtherMethods(app: FastifyInstance, allowed: Map<string, Set<string>>): void {
  for (const [url, methods] of [...allowed]) {
    const allow = [...methods].join(', ');
    const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
      reply.header('allow', allow);
      throw new MoeError('method-not-allowed', `${url} takes ${allow}, not ${request.method}.`);
    };
    app.route({
      method: httpMethods.filter((method) => !methods.has(method)),
      url,
      onRequest: refuse,
      handler: refuse,
    });
  }
}
