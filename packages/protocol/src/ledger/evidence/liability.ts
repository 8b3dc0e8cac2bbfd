import type { Hash } from '@market-of-experts/core';
import type { StakeTarget } from '../../fields/fields.ts';
import { LEDGER_LIMITS as limits } from '../../fields/limits.ts';
import type { OrderBody } from '../../job/messages.ts';
import { modelVersionHash } from '../../statements/version-hash.ts';
import { backingOf } from '../staking/pots.ts';
import { currentTarget } from '../staking/rotation.ts';
import type { Expert } from '../state/node-records.ts';
import type { Market } from '../state/records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import { prepaidKey, type StateView } from '../state/state.ts';
import { type Refused, refused } from '../transaction/outcome.ts';
import type { Finding } from './findings.ts';

/** How far beyond the time at which the running epoch is due an order may be dated: epochs end late, clocks differ. */
const orderAheadMs = 2 * 86_400_000;

/**
 * Why what a proof is about cannot be punished: the ledger must know of it, and it must be recent. Nobody pays for a
 * job that was invented, for one of a market that had this name before, or for what was done under stake that has left since.
 */
export function notLiable(view: StateView, market: Market, { target, about }: Finding): Refused | undefined {
  if ('orders' in about)
    return problemOfOrders(about.orders.map((order) => problemOfOrder(view, market, order)));
  return 'batch' in about ? problemOfBatch(market, about.batch) : problemOfVersion(view, target, about);
}

/**
 * A contradiction is dated by its later statement, and of a version of the registration as it stands: not of one that was in force
 * in another registration, or in a market that had this name before.
 */
function problemOfVersion(
  view: StateView,
  target: StakeTarget,
  { version, epoch }: { readonly version: Hash; readonly epoch: number },
): Refused | undefined {
  const expert = backingOf(view, currentTarget(view, target)) as Expert;
  if (!(expert.versions ?? []).some((known) => modelVersionHash(known.version) === version))
    return refused(
      'invalid-evidence',
      `The ledger knows of no model version ${version} of node ${target.node}.`,
    );
  const { liability, epoch: running } = view.network.get('network')!;
  if (epoch < liability.since.epoch)
    return refused(
      'too-late',
      `What was stated from epoch ${liability.since.epoch} on can be punished; this is of epoch ${epoch}.`,
    );
  return epoch > running
    ? refused('too-early', `Epoch ${running} is running; this is dated in epoch ${epoch}.`)
    : undefined;
}

/** One order that is known and recent dates a job: an offender's client cannot hide it by taking his money away. */
function problemOfOrders(problems: readonly (Refused | undefined)[]): Refused | undefined {
  return problems.includes(undefined) ? undefined : problems[0];
}

function problemOfOrder(
  view: StateView,
  { market, createdMs }: Market,
  { client, clientSeq, coordinator, deadlineMs }: OrderBody,
): Refused | undefined {
  const prepaid = view.prepaid.get(prepaidKey(client, market));
  const nextSeq = prepaid?.nextOrderSeq ?? 0;
  const isSettled = clientSeq < nextSeq;
  const isCovered = (prepaid?.lockedMicro ?? 0n) > 0n && clientSeq < nextSeq + limits.openOrders;
  if (prepaid?.gateway !== coordinator || !(isSettled || isCovered))
    return refused(
      'invalid-evidence',
      `The ledger knows of no order ${clientSeq} that client ${client} has prepaid with gateway ${coordinator} in "${market}".`,
    );
  const { liability, epochStartedMs, rules } = view.network.get('network')!;
  const sinceMs = Math.max(createdMs, liability.since.atMs);
  if (deadlineMs < sinceMs)
    return refused(
      'too-late',
      `The order was due ${sinceMs - deadlineMs} ms before what can still be punished.`,
    );
  const untilMs = epochStartedMs + rules.epochMs + orderAheadMs;
  if (deadlineMs > untilMs)
    return refused(
      'too-early',
      `The order is due ${deadlineMs - untilMs} ms after what can be punished now.`,
    );
  return undefined;
}

function problemOfBatch({ market, liableBatch, nextBatch }: Market, batch: number): Refused | undefined {
  if (batch < liableBatch.since)
    return refused(
      'too-late',
      `Settlements of "${market}" can be punished from number ${liableBatch.since} on; this is ${batch}.`,
    );
  return batch > nextBatch
    ? refused('too-early', `The next settlement of "${market}" is number ${nextBatch}; this is ${batch}.`)
    : undefined;
}

/**
 * Moves the time that can be punished on, when `epoch` begins, in steps of more than an unbonding. A registration that was
 * punished is so no second time until its record goes; by then delegators who left at once are out, and what it was
 * punished for is too old to be shown again.
 */
export function moveLiability(view: StateView, epoch: number, atMs: number): void {
  const network = view.network.get('network')!;
  const { next } = network.liability;
  if (epoch - next.epoch <= network.rules.unbondingEpochs) return;
  view.network.set('network', { ...network, liability: { since: next, next: { epoch, atMs } } });
  for (const [key, market] of sortedEntries(view.markets))
    view.markets.set(key, {
      ...market,
      liableBatch: { since: market.liableBatch.next, next: market.nextBatch },
    });
  for (const [key] of sortedEntries(view.offences, (offence) => offence.epoch < next.epoch))
    view.offences.delete(key);
}
