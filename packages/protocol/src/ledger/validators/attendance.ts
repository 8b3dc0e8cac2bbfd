import type { NodeId } from '@market-of-experts/core';
import { leaving } from '../staking/pots.ts';
import type { Validator } from '../state/node-records.ts';
import type { NetworkRecord } from '../state/records.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import type { StateView } from '../state/state.ts';
import { APPLIED, type Applied, type Refused, refused } from '../transaction/outcome.ts';
import type { TransactionOf } from '../transaction/transaction.ts';

/**
 * Who of the validators is there. A registration alone counts nowhere: a validator counts from its first sign of life on
 * (something that it sent with its own key, or its signature under a settlement or the end of an epoch that was applied).
 * Nobody is waited for for ever: the treasury calls the roll, and who has given no sign of life by the next call, at least
 * `answerMs` later, is absent. It counts again with its next sign of life. After `seatEpochs` it has lost its seat as well.
 *
 * The treasury is the clock here, as it is the network's custodian: validators that are silent cannot say that time has
 * passed, and those that speak could make it pass too fast for the others. What it can do with it: `docs/decisions/0015-liveness-and-clocks.md`.
 */
export type Attendance = 'new' | 'present' | 'absent' | 'leaving';

export function attendanceOf({ leavesAtEpoch, seen, absent }: Validator): Attendance {
  if (leavesAtEpoch !== undefined) return 'leaving';
  if (seen === undefined) return 'new';
  return absent === undefined ? 'present' : 'absent';
}

/** First epoch in which an absent validator has no seat; undefined while nobody is waiting for it to come back. */
export function seatEndsAtEpoch(
  { absent }: Pick<Validator, 'absent'>,
  { rules }: Pick<NetworkRecord, 'rules'>,
): number | undefined {
  return absent === undefined ? undefined : absent.sinceEpoch + rules.seatEpochs;
}

/** Whether a validator's stake is part of what a third must be had of, ranks, and gets permits. */
export function hasSeat(validator: Validator, network: Pick<NetworkRecord, 'epoch' | 'rules'>): boolean {
  const attendance = attendanceOf(validator);
  if (attendance !== 'absent') return attendance === 'present';
  return network.epoch < seatEndsAtEpoch(validator, network)!;
}

/** The latest time that anybody vouched for on the ledger. */
function ledgerTimeMs({ epochStartedMs, rollCall }: NetworkRecord): number {
  return Math.max(epochStartedMs, rollCall.atMs);
}

/** Notes signs of life, at a time of the ledger. */
export function noteSeen(view: StateView, nodes: Iterable<NodeId>, atMs?: number): void {
  const network = view.network.get('network')!;
  const { epoch, rollCall } = network;
  for (const node of nodes) {
    const validator = view.validators.get(node);
    if (validator === undefined) continue;
    const { absent, ...rest } = validator;
    if (absent === undefined && rest.seen?.epoch === epoch && rest.seen.call === rollCall.number) continue;
    view.validators.set(node, {
      ...rest,
      seen: { epoch, call: rollCall.number, atMs: atMs ?? ledgerTimeMs(network) },
    });
  }
}

/** A validator says that it is there; once a call, so that nobody fills the ledger with it. */
export function applyHeartbeat(view: StateView, tx: TransactionOf<'heartbeat'>): Applied | Refused {
  const { rollCall } = view.network.get('network')!;
  const validator = view.validators.get(tx.from);
  if (validator === undefined) return refused('unknown-node', `Node ${tx.from} is not a validator.`);
  if (validator.leavesAtEpoch !== undefined) return leaving({ role: 'validator', node: tx.from }, validator);
  // One that was signed for an earlier call and held back says nothing of now.
  if (tx.call !== rollCall.number)
    return refused('too-late', `The roll was called for the ${rollCall.number}. time, not the ${tx.call}.`);
  if (attendanceOf(validator) === 'present' && validator.seen!.call === rollCall.number)
    return refused('limit-reached', `You are known to be present since roll call ${rollCall.number}.`);
  noteSeen(view, [tx.from]);
  return APPLIED;
}

/**
 * The treasury calls the roll: who was present and gave no sign of life since the last call is absent. A clock that was set
 * back begins to wait anew, and nobody is absent by that call.
 */
export function applyRollCall(view: StateView, tx: TransactionOf<'rollCall'>): Applied | Refused {
  const network = view.network.get('network')!;
  const { rollCall, rules, epoch, treasury } = network;
  if (tx.from !== treasury)
    return refused('not-authorised', `Only the treasury, ${treasury}, calls the roll.`);
  const waitedMs = tx.atMs - rollCall.atMs;
  if (waitedMs >= 0 && waitedMs < rules.answerMs)
    return refused(
      'too-early',
      `Validators have ${rules.answerMs - waitedMs} ms left to answer roll call ${rollCall.number}.`,
    );
  const silent = sortedEntries(
    view.validators,
    (validator) => attendanceOf(validator) === 'present' && validator.seen!.call < rollCall.number,
  );
  if (waitedMs >= 0)
    for (const [key, validator] of silent)
      view.validators.set(key, {
        ...validator,
        absent: { sinceEpoch: epoch, sinceMs: validator.seen!.atMs },
      });
  view.network.set('network', { ...network, rollCall: { number: rollCall.number + 1, atMs: tx.atMs } });
  return APPLIED;
}
