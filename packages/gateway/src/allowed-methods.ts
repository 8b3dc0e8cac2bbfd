import { MoeError } from '@market-of-experts/core';
import type { FastifyInstance } from 'fastify';

/** Which methods each address takes. */
export interface AllowedMethods {
  /** What to answer where no route is: that the address takes other methods, or that there is nothing. */
  errorFor(method: string, url: string): { readonly error: MoeError; readonly allow?: string };
}

/** Notes every route that is registered after this call. */
export function collectAllowedMethods(app: FastifyInstance): AllowedMethods {
  const allowed = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = allowed.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const name of [method].flat()) known.methods.add(name);
    allowed.set(url, known);
  });
  return {
    errorFor(method, url) {
      const path = url.split('?', 1)[0]!;
      for (const [route, { pattern, methods }] of allowed) {
        if (!pattern.test(path)) continue;
        const allow = [...methods].join(', ');
        return {
          error: new MoeError('method-not-allowed', `${route} takes ${allow}, not ${method}.`),
          allow,
        };
      }
      return {
        error: new MoeError(
          'unknown-url',
          `There is nothing at ${method} ${url.slice(0, 200)}. POST /v1/embeddings embeds texts.`,
        ),
      };
    },
  };
}

/** Addresses of ours have letters, digits and parameters between slashes. */
function patternOf(route: string): RegExp {
  return new RegExp(`^${route.replaceAll('.', '\\.').replaceAll(/:[a-z]+/g, '[^/]+')}$`);
}
