import { hashOf } from '@market-of-experts/core';
import { releaseUnlocked } from '../accounts/prepaid.ts';
import { moveLiability } from '../evidence/liability.ts';
import { beginMarketEpoch, closeMarkets } from '../markets/markets.ts';
import { activatePending, beginCommissions, releaseLeaving } from '../staking/stake-release.ts';
import { releaseUnbonded } from '../staking/unbonding.ts';
import type { NetworkRecord } from '../state/records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import type { StateView } from '../state/state.ts';
import { LEDGER_TIME } from '../transaction/ledger-time.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';
import { noteSeen } from '../validators/attendance.ts';
import { hasThirdOfSeats, hasTwoThirds, noQuorum, quorumOf } from '../validators/quorum.ts';
import { emitMarket, rollIncomes } from './emission.ts';
import { mint } from './mint.ts';

/**
 * Ends the running epoch, once its time is over by the clocks of validators with two thirds of the stake that is present, and
 * more than a third of what has a seat. Below that third the treasury must send it as well, and where nobody is present it may
 * end the epoch alone: so absent ones lose their seats in the end (`attendance.ts`), and no epoch lasts for ever. In this order,
 * each over records in the order of their keys:
 * 1. new money goes to the markets' pools; every market is ranked and pays its emission: by stake that was there when the
 *    epoch began, at the commissions and terms that were in force during it;
 * 2. announced commissions and terms begin, prices of registrations decay;
 * 3. what is unbonded, and what clients take out of their prepaid money, is paid out; nodes and markets whose time has come go;
 * 4. what waited joins the stake.
 */
export function applyEndEpoch(view: StateView, tx: TransactionOf<'endEpoch'>): Applied | Refused {
  const network = view.network.get('network')!;
  const problem = problemOf(view, network, tx);
  if (problem !== undefined) return problem;
  noteSeen(
    view,
    tx.signatures.map(({ node }) => node),
    tx.atMs,
  );
  mint(view);
  for (const [, market] of sortedEntries(view.markets)) emitMarket(view, market);
  rollIncomes(view);

  const epoch = network.epoch + 1;
  view.network.set('network', { ...view.network.get('network')!, epoch, epochStartedMs: tx.atMs });
  beginCommissions(view, epoch);
  beginMarketEpoch(view, epoch);
  releaseUnbonded(view, epoch);
  releaseUnlocked(view, epoch);
  releaseLeaving(view, epoch);
  closeMarkets(view, epoch);
  activatePending(view);
  moveLiability(view, epoch, tx.atMs);
  if (tx.atMs < network.epochStartedMs) correctTimes(view, tx.atMs);
  for (const [key, validator] of sortedEntries(view.validators))
    if (validator.epochStakeMicro !== validator.stakeMicro)
      view.validators.set(key, { ...validator, epochStakeMicro: validator.stakeMicro });
  for (const [key] of sortedEntries(view.weightCommits, ({ epoch: promised }) => promised < epoch - 1))
    view.weightCommits.delete(key);
  view.network.set('network', {
    ...view.network.get('network')!,
    beacon: hashOf('moe/beacon/1', [network.beacon, network.entropy, epoch]),
  });
  return APPLIED;
}

function problemOf(
  view: StateView,
  network: NetworkRecord,
  tx: TransactionOf<'endEpoch'>,
): Refused | undefined {
  if (tx.epoch !== network.epoch)
    return refused('too-late', `Epoch ${network.epoch} is running; epoch ${tx.epoch} cannot be ended.`);
  const isTreasury = tx.from === network.treasury;
  const problem = problemOfTime(network, tx.atMs, isTreasury);
  if (problem !== undefined) return problem;
  const quorum = quorumOf(view, tx.signatures);
  const mayEnd =
    quorum.presentMicro === 0n ? isTreasury : hasTwoThirds(quorum) && (isTreasury || hasThirdOfSeats(quorum));
  return mayEnd ? undefined : noQuorum(quorum, 'the end of an epoch');
}

/**
 * Times that only the treasury vouches for, by sending the end of the epoch itself: one so late that it may be a wrong clock, and
 * one before the epoch began, after which the ledger's time is right again where a wrong clock had set it into the future.
 */
function problemOfTime(
  { epoch, epochStartedMs, rules }: NetworkRecord,
  atMs: number,
  isTreasury: boolean,
): Refused | undefined {
  const earliestMs = epochStartedMs + rules.epochMs;
  if (atMs < earliestMs && !(isTreasury && atMs < epochStartedMs - LEDGER_TIME.skewMs))
    return refused('too-early', `Epoch ${epoch} ends ${earliestMs - atMs} ms later.`);
  if (atMs > earliestMs + LEDGER_TIME.overdueMs && !isTreasury)
    return refused(
      'not-authorised',
      `Epoch ${epoch} would end more than ${LEDGER_TIME.overdueMs / 86_400_000} days late: the treasury must send that, as its word for the clock.`,
    );
  return undefined;
}

/** The ledger's time was in the future: nothing is dated after what is right, or what happens from now on would be too old to count. */
function correctTimes(view: StateView, atMs: number): void {
  const network = view.network.get('network')!;
  const { since, next } = network.liability;
  const notAfter = <Mark extends { readonly atMs: number }>(mark: Mark): Mark => ({
    ...mark,
    atMs: Math.min(mark.atMs, atMs),
  });
  view.network.set('network', { ...network, liability: { since: notAfter(since), next: notAfter(next) } });
  for (const [key, market] of sortedEntries(view.markets, ({ createdMs }) => createdMs > atMs))
    view.markets.set(key, { ...market, createdMs: atMs });
}
