import { type AccountId, type NodeId, shareBps } from '@market-of-experts/core';
import { burn, credit } from '../accounts/balances.ts';
import { backingOf, slashShare } from '../staking/pots.ts';
import { currentTarget } from '../staking/rotation.ts';
import { expertKey, type StateView, targetKey } from '../state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';
import { findingOf } from './findings.ts';
import { notLiable } from './liability.ts';

/**
 * Slashes a node for provable misbehaviour: a share of all stake behind it, which is burnt but for the reporter's part. That
 * part is of what the node's owner himself loses, never of what his delegators lose: whoever reports himself, in whatever
 * market and from whatever account, ends with less. A registration is punished once in the time that its delegators need to
 * leave (`liability.ts`), however much is shown: nobody can have his delegators' stake halved again and again. Signatures are
 * the caller's to check (`innerSignatures`).
 */
export function applyEvidence(view: StateView, tx: TransactionOf<'evidence'>): Applied | Refused {
  const market = view.markets.get(tx.market);
  if (market === undefined) return refused('unknown-market', `There is no market "${tx.market}".`);
  const found = findingOf(tx.proof, tx.market, tx.network);
  if (found === undefined)
    return refused('invalid-evidence', 'This does not contradict itself: it proves nothing.');
  const target = currentTarget(view, found.target);
  const backing = backingOf(view, target);
  if ('applied' in backing) return backing;
  const key = targetKey(target);
  const earlier = view.offences.get(key);
  if (earlier !== undefined)
    return refused(
      'already-punished',
      `Node ${target.node} was punished in epoch ${earlier.epoch}, for ${earlier.subject}; who staked on it has time to leave before it is punished again.`,
    );
  const problem = notLiable(view, market, found);
  if (problem !== undefined) return problem;
  if (backing.stakeMicro + backing.unbondingMicro === 0n)
    return refused('insufficient-stake', `Nothing is left behind node ${target.node}.`);
  const { rules, epoch } = view.network.get('network')!;
  const bps =
    target.role === 'validator' ? rules.validatorSlashBps : market.terms.parameters.slashBps.equivocation;
  const { takenMicro, ownMicro } = slashShare(view, target, bps);
  const rewardMicro = shareBps(ownMicro, rules.reporterBps);
  credit(view, reporterAccount(view, tx), rewardMicro);
  burn(view, takenMicro - rewardMicro);
  view.offences.set(key, {
    target: found.target,
    epoch,
    kind: found.kind,
    subject: found.subject,
    amountMicro: takenMicro,
    reporter: tx.from,
    rewardMicro,
  });
  return APPLIED;
}

/** A node that reports earns for its owner. */
function reporterAccount(view: StateView, { from, market }: TransactionOf<'evidence'>): AccountId {
  const node = from as NodeId;
  return (
    view.validators.get(node)?.owner ??
    view.experts.get(expertKey(market, node))?.owner ??
    (from as AccountId)
  );
}
