import type { NodeId } from '@market-of-experts/core';
import { compareFractions, type Fraction, fraction } from '../scoring/fraction.ts';
import { type StandingParameters, shrunkenLoss } from '../scoring/standings.ts';
import type { CertifiedMember } from './certificate.ts';

/**
 * Principal with the lowest expected loss among paid, scored members; null when there is none. Ties go to whoever
 * committed first, then to the order of the members.
 */
export function winnerOf(
  members: readonly CertifiedMember[],
  /** Principals in the order of their commits. */
  order: readonly NodeId[],
  parameters: StandingParameters,
): NodeId | null {
  let best: { readonly node: NodeId; readonly loss: Fraction } | null = null;
  const candidates = members
    .filter((member) => member.outcome === 'scored' && !member.onProbation)
    .sort((a, b) => order.indexOf(a.principal) - order.indexOf(b.principal));
  for (const member of candidates) {
    const loss = expectedLoss(member, parameters);
    if (best === null || compareFractions(loss, best.loss) < 0) best = { node: member.principal, loss };
  }
  return best?.node ?? null;
}

/** History and this job's evidence together (docs/concepts/loss.md). The member must have a loss. */
export function expectedLoss(
  member: Pick<CertifiedMember, 'loss' | 'standing'>,
  parameters: StandingParameters,
): Fraction {
  const [worse, compared] = member.loss ?? [1, 1];
  const tally = ([jobs, excess]: readonly [number, number]) => ({ jobs, excessUnits: excess });
  return shrunkenLoss(
    fraction(worse, compared),
    { global: tally(member.standing.global), place: tally(member.standing.place) },
    parameters,
  );
}
