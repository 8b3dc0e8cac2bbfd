import { type Amount, formatCredits, MAX_AMOUNT } from '@market-of-experts/core';
import type { SettlementBody } from '../../settlement/settlement-body.ts';
import { burn, credit } from '../accounts/balances.ts';
import { withoutMicro } from '../accounts/prepaid.ts';
import { earn } from '../epochs/emission.ts';
import { slashNode } from '../staking/pots.ts';
import { currentTarget } from '../staking/rotation.ts';
import { accountOf, prepaidKey, type StateView, targetKey } from '../state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';
import { noteSeen } from '../validators/attendance.ts';
import { hasThirdOfSeats, hasTwoThirds, noQuorum, quorumOf } from '../validators/quorum.ts';
import { noteFault } from './faults.ts';

/**
 * Applies a batch of certified jobs. What makes it sound:
 * - validators with at least ⅔ of the stake that is present, and more than ⅓ of what has a seat, signed exactly this body;
 * - a client's orders are closed in unbroken sequence, so no certificate settles twice, and one number a
 *   client and market is all that the ledger has to remember;
 * - charges come out of money that was locked for this gateway before it served, never out of the balance, whoever proposes the
 *   settlement: the gateway itself, or a validator that stands in for one that does not; what its client is taking out pays for
 *   them until it is gone;
 * - Σ charges = Σ credits + Σ earnings + pool. Slashes are burnt besides; one that exceeds what is left of a stake takes what is
 *   left, so an expert who withdrew cannot hold up everybody else's settlement.
 */
export function applySettle(view: StateView, tx: TransactionOf<'settle'>): Applied | Refused {
  const body = tx.settlement;
  const problem = problemOf(view, tx);
  if (problem !== undefined) return problem;
  noteSeen(
    view,
    tx.signatures.map(({ node }) => node),
  );

  let chargedMicro = 0n;
  for (const { client, toSeq, chargeMicro } of body.orders) {
    const key = prepaidKey(client, body.market);
    view.prepaid.set(key, { ...withoutMicro(view.prepaid.get(key)!, chargeMicro), nextOrderSeq: toSeq });
    chargedMicro += chargeMicro;
  }
  for (const { account, amountMicro } of body.credits) {
    const before = accountOf(view, account);
    view.accounts.set(account, { balanceMicro: before.balanceMicro + amountMicro, nonce: before.nonce });
  }
  for (const { node, owner, amountMicro } of body.earnings) {
    const target = currentTarget(view, { role: 'expert', market: body.market, node });
    // Who earned it is paid, not who registered with the same key since.
    if (view.experts.get(targetKey(target))?.owner !== owner) credit(view, owner, amountMicro);
    else earn(view, body, target.node, amountMicro);
  }
  for (const { node, amountMicro } of body.slashes) {
    const target = currentTarget(view, { role: 'expert', market: body.market, node });
    if (view.experts.get(targetKey(target)) === undefined) continue;
    burn(view, slashNode(view, target, amountMicro).takenMicro);
    if (amountMicro > 0n) noteFault(view, targetKey(target));
  }
  const market = view.markets.get(body.market)!;
  view.markets.set(body.market, {
    ...market,
    poolMicro: market.poolMicro + body.poolMicro,
    nextBatch: market.nextBatch + 1,
    settledOrders: market.settledOrders + body.certificates,
    // A sum without a limit of its own: it stops where 64 bits would.
    settledMicro: atMost(market.settledMicro + chargedMicro, MAX_AMOUNT),
  });
  return APPLIED;
}

function problemOf(view: StateView, tx: TransactionOf<'settle'>): Refused | undefined {
  const body = tx.settlement;
  if (body.network !== tx.network)
    return refused('wrong-network', `The settlement is for network "${body.network}".`);
  const market = view.markets.get(body.market);
  if (market === undefined) return refused('unknown-market', `There is no market "${body.market}".`);
  if (body.batch !== market.nextBatch)
    return refused(
      'wrong-batch',
      `The next settlement of "${body.market}" is number ${market.nextBatch}; this one is number ${body.batch}.`,
    );
  if (
    !isSorted(body.orders.map(({ client }) => client)) ||
    !isSorted(body.credits.map(({ account }) => account)) ||
    !isSorted(body.earnings.map(({ node }) => node)) ||
    !isSorted(body.slashes.map(({ node }) => node))
  )
    return refused(
      'not-canonical',
      'Orders, credits, earnings and slashes must be sorted and name everybody once.',
    );
  if (body.by !== body.gateway && view.validators.get(body.by) === undefined)
    return refused(
      'not-authorised',
      `A settlement is proposed by its gateway or by a registered validator; ${body.by} is neither.`,
    );
  const quorum = quorumOf(view, tx.signatures);
  if (!hasTwoThirds(quorum) || !hasThirdOfSeats(quorum)) return noQuorum(quorum, 'a settlement');
  return problemOfOrders(view, body) ?? problemOfSums(body);
}

function problemOfOrders(view: StateView, body: SettlementBody): Refused | undefined {
  for (const { client, fromSeq, toSeq, chargeMicro } of body.orders) {
    const prepaid = view.prepaid.get(prepaidKey(client, body.market));
    if (prepaid === undefined || prepaid.gateway !== body.gateway)
      return refused(
        'locked-for-another-gateway',
        `Client ${client} has no money locked for gateway ${body.gateway} in "${body.market}".`,
      );
    if (fromSeq !== prepaid.nextOrderSeq || toSeq <= fromSeq)
      return refused(
        'order-gap',
        `The next unsettled order of client ${client} is ${prepaid.nextOrderSeq}; the settlement closes ${fromSeq} to ${toSeq}.`,
      );
    if (chargeMicro > prepaid.lockedMicro)
      return refused(
        'insufficient-funds',
        `Client ${client} has ${formatCredits(prepaid.lockedMicro)} credits locked and owes ${formatCredits(chargeMicro)}.`,
      );
  }
  return undefined;
}

function problemOfSums(body: SettlementBody): Refused | undefined {
  const charged = body.orders.reduce((sum, { chargeMicro }) => sum + chargeMicro, 0n);
  const credited = [...body.credits, ...body.earnings].reduce(
    (sum, { amountMicro }) => sum + amountMicro,
    body.poolMicro,
  );
  if (charged !== credited)
    return refused(
      'not-conserved',
      `The settlement charges ${formatCredits(charged)} credits and pays out ${formatCredits(credited)}.`,
    );
  const orders = body.orders.reduce((sum, { fromSeq, toSeq }) => sum + toSeq - fromSeq, 0);
  if (orders !== body.certificates)
    return refused(
      'not-conserved',
      `The settlement closes ${orders} orders with ${body.certificates} certificates; each order has one.`,
    );
  return undefined;
}

function isSorted(ids: readonly string[]): boolean {
  return ids.every((id, index) => index === 0 || ids[index - 1]! < id);
}

function atMost(amount: Amount, limit: Amount): Amount {
  return amount < limit ? amount : limit;
}
