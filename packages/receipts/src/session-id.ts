import { type Hash, hashOf } from '@market-of-experts/core';
import type { TallyBody } from '@market-of-experts/protocol';

/**
 * Id of the tally under an order. The time tells it from one that a killed process opened under the same number:
 * that one's receipts were given out, and must not become those of other texts.
 */
export function sessionId(
  { network, market, client, clientSeq }: Pick<TallyBody, 'network' | 'market' | 'client' | 'clientSeq'>,
  openedMs: number,
): Hash {
  return hashOf('moe/session/2', [network, market, client, clientSeq, openedMs]);
}
