import type { AccountId, Clock, NodeId } from '@market-of-experts/core';
import type { MarketView } from '../view/market-view.ts';
import type { ClaimBook, PayClaim } from './claim-book.ts';

/** Certified work that its gateway has not settled for so long, anybody else may. */
export const overdueMs = 60_000;

export interface OverdueInit {
  readonly view: Pick<MarketView, 'prepaid' | 'validators'>;
  readonly claims: Pick<ClaimBook, 'all'>;
  readonly clock: Pick<Clock, 'steadyMs'>;
}

/** The claims that a validator has held for at least so long, and whose numbers are not settled; oldest first. */
export function overdueClaims({ view, claims, clock }: OverdueInit, heldMs = overdueMs): readonly PayClaim[] {
  const { steadyMs } = clock;
  return claims.all().filter(({ heldSinceMs, client, clientSeq }) => {
    const nextSeq = view.prepaid(client)?.nextOrderSeq ?? 0;
    return steadyMs() - heldSinceMs >= heldMs && clientSeq >= nextSeq;
  });
}

/**
 * The number up to which (exclusive) another validator may close a client's orders: the last one that this validator, too, holds
 * an overdue claim of; 0 where it holds none, or where the node is no validator.
 */
export function mayCloseUpTo(node: NodeId, client: AccountId, init: OverdueInit): number {
  if (!init.view.validators().includes(node)) return 0;
  return overdueClaims(init)
    .filter((claim) => claim.client === client)
    .reduce((last, { clientSeq }) => Math.max(last, clientSeq + 1), 0);
}
