import type { NodeId } from '@market-of-experts/core';
import type { CertificateBody } from '@market-of-experts/protocol';
import {
  type AskPricer,
  type ClaimCounts,
  defaultPricer,
  nextAskBps,
  noClaims,
} from '@market-of-experts/roles/calling/pricer';
import type { ExpertRole } from '@market-of-experts/roles/expert/expert-role';

/** Sets the asks of experts that price themselves, from what they see of claims. */
export interface AskPricing {
  /** Takes in a certified job: who was called, and who was not. */
  observe(body: CertificateBody): void;
}

/** An expert that prices itself. */
export interface PricedExpert {
  readonly role: Pick<ExpertRole, 'id' | 'takeClaimCounts'>;
  readonly askBps: () => number;
  /** Publishes a new ask; one at a time. */
  readonly publish: (askBps: number) => Promise<void>;
}

export function askPricing(
  experts: () => Iterable<PricedExpert>,
  onWarning: (error: unknown) => void,
  pricer: AskPricer = defaultPricer,
): AskPricing {
  const seen = new Map<NodeId, ClaimCounts>();
  const publishing = new Set<NodeId>();

  const reprice = ({ role, askBps, publish }: PricedExpert, counts: ClaimCounts): void => {
    const next = nextAskBps(askBps(), counts, pricer);
    if (next === undefined) return;
    seen.delete(role.id);
    if (next === askBps()) return;
    publishing.add(role.id);
    publish(next)
      .catch(onWarning)
      .finally(() => publishing.delete(role.id));
  };
  return {
    observe({ members }) {
      const called = members.filter(({ principal, worker }) => principal !== worker);
      for (const expert of experts()) {
        const { id } = expert.role;
        if (publishing.has(id)) continue;
        const before = seen.get(id) ?? noClaims;
        const { won, heldAlready } = expert.role.takeClaimCounts();
        // Who sat in the job, for itself or another, could not be called.
        const couldBe = members.every(({ principal, worker }) => principal !== id && worker !== id);
        const counts: ClaimCounts = {
          won: before.won + won,
          heldAlready: before.heldAlready + heldAlready,
          lost: before.lost + (couldBe && called.length > 0 ? 1 : 0),
        };
        seen.set(id, counts);
        reprice(expert, counts);
      }
    },
  };
}
