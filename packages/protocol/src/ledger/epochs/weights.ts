import { type Hash, hashOf, type MarketId, type NodeId } from '@market-of-experts/core';
import { type StateView, weightCommitKey, weightsKey } from '../state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';
import { noteSeen } from '../validators/attendance.ts';

/** What a validator commits to. Everything that binds it is inside: it means nothing elsewhere, later or from others. */
export interface WeightsPromise {
  readonly network: string;
  readonly market: MarketId;
  readonly validator: NodeId;
  readonly epoch: number;
  readonly weights: readonly (readonly [NodeId, number])[];
  /** Secret until the reveal; it also goes into the next beacon. */
  readonly salt: Hash;
}

export function weightsCommitment(promise: WeightsPromise): Hash {
  return hashOf('moe/weights/1', promise);
}

/** One promise a market and epoch, of validators that may set weights there. */
export function applyCommitWeights(view: StateView, tx: TransactionOf<'commitWeights'>): Applied | Refused {
  const market = view.markets.get(tx.market);
  if (market === undefined) return refused('unknown-market', `There is no market "${tx.market}".`);
  const { epoch } = view.network.get('network')!;
  if (tx.epoch !== epoch)
    return refused(
      'too-late',
      `Epoch ${epoch} is running; weights for epoch ${tx.epoch} cannot be promised.`,
    );
  if (!isPermitted(view, tx.market, tx.from))
    return refused(
      'not-permitted',
      `Only the ${market.terms.permits} validators with the most stake set weights in "${tx.market}"; you are not among them in this epoch.`,
    );
  const key = weightCommitKey(tx.market, tx.from, epoch);
  if (view.weightCommits.get(key) !== undefined)
    return refused('already-committed', `You have promised weights for epoch ${epoch} in "${tx.market}".`);
  noteSeen(view, [tx.from]);
  const { commitment } = tx;
  view.weightCommits.set(key, { market: tx.market, validator: tx.from, epoch, commitment });
  return APPLIED;
}

/**
 * Whether a validator may set weights in the running epoch: by the permits that the market's last ranking gave. Where it gave
 * none (before the first one, or when no stake had been there for an epoch) every validator may, unless it is leaving.
 */
export function isPermitted(view: StateView, market: MarketId, validator: NodeId): boolean {
  const registered = view.validators.get(validator);
  if (registered === undefined || registered.leavesAtEpoch !== undefined) return false;
  const permits = view.rankings.get(market)?.permits ?? [];
  return permits.length === 0 || permits.includes(validator);
}

/** Opens a promise in the epoch after it: earlier, others could copy it; later, it could be chosen by what they said. */
export function applyRevealWeights(view: StateView, tx: TransactionOf<'revealWeights'>): Applied | Refused {
  const market = view.markets.get(tx.market);
  if (market === undefined) return refused('unknown-market', `There is no market "${tx.market}".`);
  const network = view.network.get('network')!;
  if (tx.epoch >= network.epoch)
    return refused(
      'too-early',
      `Weights of epoch ${tx.epoch} are revealed when epoch ${tx.epoch + 1} has begun.`,
    );
  const key = weightCommitKey(tx.market, tx.from, tx.epoch);
  const commit = view.weightCommits.get(key);
  if (tx.epoch < network.epoch - 1)
    return refused('too-late', `The promise of epoch ${tx.epoch} had to be opened in epoch ${tx.epoch + 1}.`);
  if (commit === undefined)
    return refused('not-committed', `You promised no weights for epoch ${tx.epoch} in "${tx.market}".`);
  const { weights, salt } = tx;
  const promise = {
    network: tx.network,
    market: tx.market,
    validator: tx.from,
    epoch: tx.epoch,
    weights,
    salt,
  };
  if (weightsCommitment(promise) !== commit.commitment)
    return refused('not-committed', 'These are not the weights that were promised.');
  if (!weights.every(([node], index) => index === 0 || weights[index - 1]![0] < node))
    return refused('not-canonical', 'Weights must be sorted by node and name every expert once.');
  noteSeen(view, [tx.from]);
  view.weightCommits.delete(key);
  view.weights.set(weightsKey(tx.market, tx.from), {
    market: tx.market,
    validator: tx.from,
    epoch: tx.epoch,
    values: weights,
  });
  view.network.set('network', {
    ...network,
    entropy: hashOf('moe/entropy/1', [network.entropy, tx.from, salt]),
  });
  return APPLIED;
}
