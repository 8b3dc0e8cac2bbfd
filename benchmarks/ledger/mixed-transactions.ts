import { type Signer, senderOf } from '@market-of-experts/core';
import {
  type Action,
  accountOf,
  applyTransaction,
  emptyState,
  type SignedTransaction,
  signTransaction,
  type Transaction,
  type TransactionKind,
} from '@market-of-experts/protocol';
import { mix } from './actions.ts';
import { mixGenesis, NETWORK, opening, type Scene } from './cast.ts';
import type { Maker } from './makers.ts';
import { transfer } from './money-actions.ts';

/**
 * Signed transactions of every kind, in an order in which the rules take all of them: the genesis, what sets the
 * scene, then `count` of the mix.
 */
export function mixedTransactions(count: number): readonly SignedTransaction[] {
  const state = emptyState();
  const signed: SignedTransaction[] = [];
  const add = (transaction: SignedTransaction): void => {
    const outcome = applyTransaction(state, transaction.body);
    if (!outcome.applied)
      throw new Error(`The mix has a ${transaction.body.kind} that is refused: ${outcome.message}`);
    signed.push(transaction);
  };
  const take = ({ by, action }: { readonly by: Signer; readonly action: Action }): void => {
    const from = senderOf(by);
    const { nonce } = accountOf(state, from);
    add(signTransaction(by, { ...action, network: NETWORK, from, nonce } as Transaction));
  };
  add(mixGenesis);
  for (const step of opening) take(step);
  const makers = shuffledMakers();
  const promised: Scene['promised'] = new Map();
  for (let index = 0; index < count; index += 1) {
    const scene = { state, index, promised };
    take(makers[index % makers.length]!(scene) ?? transfer(scene)!);
  }
  return signed;
}

/** How many there are of each kind. */
export function kindsOf(
  transactions: readonly SignedTransaction[],
): Partial<Record<TransactionKind, number>> {
  const counts: Partial<Record<TransactionKind, number>> = {};
  for (const { body } of transactions) counts[body.kind] = (counts[body.kind] ?? 0) + 1;
  return counts;
}

/** One maker for each share of the mix, the kinds spread evenly. */
function shuffledMakers(): readonly Maker[] {
  const placed = Object.values(mix).flatMap(([share, make], kind) =>
    Array.from({ length: share }, (_, turn) => ({ make, at: (turn + (kind + 1) / 64) / share })),
  );
  return placed.sort((a, b) => a.at - b.at).map(({ make }) => make);
}
