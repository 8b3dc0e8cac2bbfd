import type { NodeId } from '@market-of-experts/core';
import { compareFractions, type Fraction, fraction } from '../scoring/fraction.ts';
import { type StandingParameters, shrunkenLoss } from '../scoring/standings.ts';
import type { CertifiedMember } from './certificate.ts';

/**
 * Principal with the lowest expected loss for a datum among paid, scored members; null when there is none. Ties go to whoever
 * committed first, then to the order of the members.
 */
export function winnerOf(
  members: readonly CertifiedMember[],
  datum: number,
  /** Principals in the order of their commits. */
  order: readonly NodeId[],
  parameters: StandingParameters,
): NodeId | null {
  let best: { readonly node: NodeId; readonly loss: Fraction } | null = null;
  const candidates = members
    .filter((member) => isMeasured(member, datum))
    .sort((a, b) => order.indexOf(a.principal) - order.indexOf(b.principal));
  for (const member of candidates) {
    const loss = expectedLoss(member, datum, parameters);
    if (best === null || compareFractions(loss, best.loss) < 0) best = { node: member.principal, loss };
  }
  return best?.node ?? null;
}

/** Whether a member is paid for a datum if it is the best: scored, not on probation, and with a loss for it. */
function isMeasured({ outcome, onProbation, losses }: CertifiedMember, datum: number): boolean {
  return outcome === 'scored' && !onProbation && losses[datum] !== null;
}

/** History and this job's evidence together (docs/concepts/loss.md). The member must have a loss for the datum. */
function expectedLoss(
  member: Pick<CertifiedMember, 'losses' | 'standing'>,
  datum: number,
  parameters: StandingParameters,
): Fraction {
  const [worse, compared] = member.losses[datum] ?? [1, 1];
  const tally = ([jobs, excess]: readonly [number, number]) => ({ jobs, excessUnits: excess });
  return shrunkenLoss(
    fraction(worse, compared),
    { global: tally(member.standing.global), place: tally(member.standing.place) },
    parameters,
  );
}
