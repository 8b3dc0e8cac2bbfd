import { type AccountId, type Amount, formatCredits } from '@market-of-experts/core';
import type { Prepaid } from '../state/records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import { prepaidKey, type StateView } from '../state/state.ts';
import { LEDGER_TIME } from '../transaction/ledger-time.ts';
import type { NetworkRules } from '../transaction/network-rules.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';
import { credit, spend } from './balances.ts';

/**
 * Locked money that new orders may count on: nothing of what its client is taking out, which may be gone before they are
 * settled. What is settled may take all of it.
 */
export function spendableMicro(prepaid: Pick<Prepaid, 'lockedMicro' | 'leaving'> | undefined): Amount {
  return prepaid === undefined ? 0n : prepaid.lockedMicro - (prepaid.leaving?.amountMicro ?? 0n);
}

/** Whole epochs between the announcement of an `unlock` and the money: the network's notice, and no less than orders need. */
function unlockEpochs({ noticeEpochs, epochMs }: Pick<NetworkRules, 'noticeEpochs' | 'epochMs'>): number {
  return Math.max(noticeEpochs, Math.ceil(LEDGER_TIME.settledWithinMs / epochMs));
}

/**
 * Locked money closes the gap between serving and settling: a gateway serves against it, because the client
 * cannot spend it elsewhere. It leaves the lock only through a settlement, or by an `unlock` that was announced long before. One
 * gateway a market and client at a time: two gateways could otherwise count on the same money and the same order numbers.
 */
export function applyLock(view: StateView, tx: TransactionOf<'lock'>): Applied | Refused {
  if (view.markets.get(tx.market) === undefined)
    return refused('unknown-market', `There is no market "${tx.market}".`);
  const key = prepaidKey(tx.from, tx.market);
  const before = view.prepaid.get(key);
  if (before !== undefined && before.lockedMicro > 0n && before.gateway !== tx.gateway)
    return refused(
      'locked-for-another-gateway',
      `${formatCredits(before.lockedMicro)} credits are locked for gateway ${before.gateway}. Unlock them first, and wait until they are back.`,
    );
  const { minBalanceMicro } = view.network.get('network')!.rules;
  // Its record stays for ever, too: it remembers the client's next order.
  if ((before?.lockedMicro ?? 0n) + tx.amountMicro < minBalanceMicro)
    return refused(
      'below-minimum',
      `At least ${formatCredits(minBalanceMicro)} credits are prepaid in a market; ${formatCredits(tx.amountMicro)} are too few.`,
    );
  const problem = spend(view, tx, tx.amountMicro);
  if (problem !== undefined) return problem;
  view.prepaid.set(key, {
    gateway: tx.gateway,
    lockedMicro: (before?.lockedMicro ?? 0n) + tx.amountMicro,
    ...(before?.leaving === undefined ? {} : { leaving: before.leaving }),
    nextOrderSeq: before?.nextOrderSeq ?? 0,
  });
  return APPLIED;
}

/**
 * Announces that locked money goes back to its client. Nobody can shorten the notice: gateway and client may be one, and the
 * experts whose answers they have must be paid first. A second announcement adds to the first and begins its notice anew.
 * In a market that is gone nothing can be settled any more: there it pays at once.
 */
export function applyUnlock(view: StateView, tx: TransactionOf<'unlock'>): Applied | Refused {
  const key = prepaidKey(tx.from, tx.market);
  const prepaid = view.prepaid.get(key);
  const isGone = view.markets.get(tx.market) === undefined;
  const freeMicro = isGone ? (prepaid?.lockedMicro ?? 0n) : spendableMicro(prepaid);
  if (prepaid === undefined || freeMicro < tx.amountMicro)
    return refused('insufficient-funds', cannotUnlock(tx, prepaid, freeMicro));
  if (isGone) {
    view.prepaid.set(key, withoutMicro(prepaid, tx.amountMicro));
    credit(view, tx.from, tx.amountMicro);
    return APPLIED;
  }
  const { epoch, rules } = view.network.get('network')!;
  view.prepaid.set(key, {
    ...prepaid,
    leaving: {
      amountMicro: (prepaid.leaving?.amountMicro ?? 0n) + tx.amountMicro,
      fromEpoch: epoch + 1 + unlockEpochs(rules),
    },
  });
  return APPLIED;
}

/** The record without an amount that is in it: taken from what stays first, then from what is leaving. */
export function withoutMicro({ leaving, ...prepaid }: Prepaid, amountMicro: Amount): Prepaid {
  const lockedMicro = prepaid.lockedMicro - amountMicro;
  const leftMicro =
    leaving === undefined || leaving.amountMicro > lockedMicro ? lockedMicro : leaving.amountMicro;
  return {
    ...prepaid,
    lockedMicro,
    ...(leaving === undefined || leftMicro === 0n ? {} : { leaving: { ...leaving, amountMicro: leftMicro } }),
  };
}

/** Pays out what was announced to leave when `epoch` begins: one payment at most for each `unlock` that was sent. */
export function releaseUnlocked(view: StateView, epoch: number): void {
  const due = sortedEntries(
    view.prepaid,
    ({ leaving }) => leaving !== undefined && leaving.fromEpoch <= epoch,
  );
  for (const [key, { leaving, ...prepaid }] of due) {
    const { amountMicro } = leaving!;
    view.prepaid.set(key, { ...prepaid, lockedMicro: prepaid.lockedMicro - amountMicro });
    credit(view, key.slice(0, key.indexOf('/')) as AccountId, amountMicro);
  }
}

function cannotUnlock(
  { market, amountMicro }: Pick<TransactionOf<'unlock'>, 'market' | 'amountMicro'>,
  prepaid: Prepaid | undefined,
  freeMicro: Amount,
): string {
  const { leaving } = prepaid ?? {};
  const isOnItsWay = leaving !== undefined && freeMicro < prepaid!.lockedMicro;
  return `${formatCredits(freeMicro)} credits are locked in "${market}"${
    isOnItsWay
      ? ` besides ${formatCredits(leaving.amountMicro)} that come back when epoch ${leaving.fromEpoch} begins`
      : ''
  }; ${formatCredits(amountMicro)} cannot be unlocked.`;
}
