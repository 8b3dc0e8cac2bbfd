import type { MarketService } from '@market-of-experts/api/market-service';
import type { Viewer } from '@market-of-experts/api/shown-text';
import type { MarketStatus, Readiness } from '@market-of-experts/api/status';
import type { AccountId, MoeError } from '@market-of-experts/core';
import { toJson } from './http/json.ts';

/** What is asked for all the time: status and readiness, possibly a little old. */
export interface StatusCache {
  status(): MarketStatus;
  readiness(): Readiness;
  /** JSON of the status as somebody may see it. */
  statusJson(viewer: Viewer): string;
}

export function createStatusCache(init: {
  readonly service: MarketService;
  /** Whether texts can be tried on the live page. */
  readonly canTry: boolean;
  readonly maxAgeMs: number;
  /** Why the gateway takes no more requests, once it does not. */
  readonly refusal: () => MoeError | undefined;
}): StatusCache {
  const { service, canTry, maxAgeMs, refusal } = init;
  const status = cached(() => service.status(), maxAgeMs);
  const readiness = cached((): Readiness => {
    const error = refusal();
    return error === undefined ? service.readiness() : notReady(error);
  }, maxAgeMs);
  const write = (shown: MarketStatus): string =>
    toJson({ ...shown, readiness: readiness(), gateway: { canTry } });
  const publicJson = cached(() => write(status()), maxAgeMs);
  // Accounts that have a key here are few; each sees the texts of its own jobs.
  const ownJson = cached(() => new Map<AccountId, string>(), maxAgeMs);
  return {
    status,
    readiness,
    statusJson(viewer) {
      if (viewer === undefined) return publicJson();
      const kept = ownJson();
      const json = kept.get(viewer) ?? write(service.status(viewer));
      kept.set(viewer, json);
      return json;
    },
  };
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
