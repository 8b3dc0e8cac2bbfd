import { type AccountId, MoeError } from '@moe/core';
import type { MarketService } from '@moe/node';

const maxKeyLength = 512;

/**
 * The account that a request pays from, by its `Authorization: Bearer KEY`. Throws `missing-key` or
 * `unknown-key`. The key goes to the service, which looks it up by its hash, and nowhere else.
 */
export function authenticate(service: MarketService, authorization: string | undefined): AccountId {
  const key = authorization === undefined ? undefined : /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (key === undefined)
    throw new MoeError(
      'missing-key',
      'No API key was sent. Send the header "authorization: Bearer YOUR_KEY"; `moe up` prints yours.',
    );
  const account = key.length > maxKeyLength ? undefined : service.authenticate(key);
  if (account === undefined)
    throw new MoeError('unknown-key', 'This API key is not known here. Check it for missing characters.');
  return account;
}
