import { formatCredits, hashOf, MAX_AMOUNT } from '@market-of-experts/core';
import { problemOfTerms } from '../terms/problem-of-terms.ts';
import { problemOfDestination } from './accounts/destination.ts';
import { newMarket } from './markets/markets.ts';
import type { StateView } from './state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from './transaction/outcome.ts';
import type { TransactionOf } from './transaction/transaction.ts';

/** Epochs are counted from 1: 0 is before anything. */
const FIRST_EPOCH = 1;

/** Opens an empty ledger: treasury, first balances, markets. */
export function applyGenesis(view: StateView, tx: TransactionOf<'genesis'>): Applied | Refused {
  if (tx.nonce !== 0) return refused('wrong-nonce', 'The genesis entry has nonce 0.');
  const supplyMicro = tx.balances.reduce((sum, { amountMicro }) => sum + amountMicro, 0n);
  if (supplyMicro > MAX_AMOUNT)
    return refused('invalid-genesis', 'The initial balances add up to more than 2^62 micro-credits.');
  for (const { account } of tx.balances) {
    const problem = problemOfDestination(account);
    if (problem !== undefined) return refused('invalid-genesis', problem.message);
  }
  if (tx.balances.some(({ amountMicro }) => amountMicro < tx.rules.minBalanceMicro))
    return refused(
      'invalid-genesis',
      `An initial balance is below ${formatCredits(tx.rules.minBalanceMicro)} credits, the least that an account has.`,
    );
  if (new Set(tx.balances.map(({ account }) => account)).size !== tx.balances.length)
    return refused('invalid-genesis', 'An account has two initial balances; name each account once.');
  if (new Set(tx.markets.map(({ market }) => market)).size !== tx.markets.length)
    return refused('invalid-genesis', 'A market is defined twice; name each market once.');
  for (const { market, terms } of tx.markets) {
    const problem = problemOfTerms(terms);
    if (problem !== undefined) return refused('invalid-terms', `Market "${market}": ${problem}`);
  }

  view.network.set('network', {
    network: tx.network,
    treasury: tx.from,
    minValidatorStakeMicro: tx.minValidatorStakeMicro,
    supplyMicro,
    validatorStakeMicro: 0n,
    validatorCount: 0,
    marketCount: tx.markets.length,
    rules: tx.rules,
    epoch: FIRST_EPOCH,
    epochStartedMs: tx.atMs,
    beacon: hashOf('moe/genesis-beacon/1', [tx.network, tx.from]),
    entropy: hashOf('moe/genesis-entropy/1', [tx.network, tx.from]),
    mintedMicro: 0n,
    burntMicro: 0n,
    liability: { since: { epoch: FIRST_EPOCH, atMs: tx.atMs }, next: { epoch: FIRST_EPOCH, atMs: tx.atMs } },
    rollCall: { number: 0, atMs: tx.atMs },
  });
  for (const { account, amountMicro } of tx.balances)
    view.accounts.set(account, { balanceMicro: amountMicro, nonce: 0 });
  for (const definition of tx.markets)
    view.markets.set(
      definition.market,
      newMarket({ mintWeight: 1, ...definition }, { epoch: FIRST_EPOCH, epochStartedMs: tx.atMs }, 0n),
    );
  return APPLIED;
}
