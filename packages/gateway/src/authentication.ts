import type { MarketService } from '@market-of-experts/api/market-service';
import { type AccountId, MoeError } from '@market-of-experts/core';

const maxKeyLength = 512;

/**
 * The account whose key a request carries (`Authorization: Bearer KEY`); undefined without one that is known here. The key
 * goes to the service, which looks it up by its hash, and nowhere else.
 */
export function accountOf(service: MarketService, authorization: string | undefined): AccountId | undefined {
  const key = keyIn(authorization);
  return key === undefined || key.length > maxKeyLength ? undefined : service.authenticate(key);
}

/** Throws `missing-key` or `unknown-key` for a request that needs an account and has none. */
export function assertKeyed(
  account: AccountId | undefined,
  authorization: string | undefined,
): asserts account is AccountId {
  if (account !== undefined) return;
  if (keyIn(authorization) === undefined)
    throw new MoeError(
      'missing-key',
      'No API key was sent. Send the header "authorization: Bearer YOUR_KEY"; `moe up` prints where yours is.',
    );
  throw new MoeError('unknown-key', 'This API key is not known here. Check it for missing characters.');
}

function keyIn(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
}
