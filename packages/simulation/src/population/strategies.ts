import { type DecisionPolicy, thompsonPolicy, workAlways } from '@market-of-experts/roles/calling/policy';
import type { GroupSettings } from '../scenario/schema.ts';

/** Worse than chance: what a broker believes of its own work. */
const hopelessExcess = 0.5;

/**
 * Always a proxy: the node's policy with the certainty that its own work is worth nothing. It calls whom it can, and
 * declines where it may not call.
 */
const broker: DecisionPolicy = (situation, random) => {
  const decision = thompsonPolicy(
    {
      ...situation,
      self: { ...situation.self, standing: hopelessExcess, excess: { mean: hopelessExcess, sd: 0 } },
    },
    random,
  );
  return decision.kind === 'work' && situation.mayDecline
    ? { kind: 'decline', reason: 'No friend is worth calling.', expectedMicro: 0 }
    : decision;
};

const policies: Readonly<Record<GroupSettings['strategy'], DecisionPolicy>> = {
  friends: thompsonPolicy,
  alone: workAlways,
  broker,
};

export function policyOf(strategy: GroupSettings['strategy']): DecisionPolicy {
  return policies[strategy];
}
