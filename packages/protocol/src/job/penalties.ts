import { type Amount, BPS, shareBps } from '@market-of-experts/core';
import type { JobParameters } from '../parameters/job-parameters.ts';
import type { MoneyParameters, SlashReason } from '../parameters/money-parameters.ts';
import type { MemberOutcome } from './certificate.ts';

/** What stands behind one seat of a job. */
export interface SeatStake {
  readonly stakeMicro: Amount;
  /** Epochs in a row before this one in which it was found at fault; every one without halves them. */
  readonly faultyEpochs: number;
}

/** Whose stakes stand behind one entry of a job, and what the job pays. */
export interface EntryStakes {
  readonly feeMicro: Amount;
  readonly principal: SeatStake;
  /** Where a friend worked: its stake and its share of the fee. */
  readonly friend?: (SeatStake & { readonly bps: number }) | undefined;
}

type PenaltyTerms = Pick<MoneyParameters, 'slashBps'> & Pick<JobParameters, 'shardSize'>;

/**
 * What an entry costs the principal and, where it called a friend, the worker: each the penalty of its own stake, in
 * proportion to its share of the fee (docs/concepts/lateness.md). Nothing for an outcome that is no fault.
 */
export function penaltiesOf(
  outcome: MemberOutcome,
  { feeMicro, principal, friend }: EntryStakes,
  parameters: PenaltyTerms,
): { readonly slashMicro: Amount; readonly workerSlashMicro: Amount } {
  const wholeMicro = penaltyOf(outcome, principal, feeMicro, parameters);
  if (friend === undefined) return { slashMicro: wholeMicro, workerSlashMicro: 0n };
  return {
    slashMicro: shareBps(wholeMicro, Number(BPS) - friend.bps),
    workerSlashMicro: shareBps(penaltyOf(outcome, friend, feeMicro, parameters), friend.bps),
  };
}

/**
 * The penalty of a seat that is its expert's alone. Who says something false loses a share of its stake. Who is absent, which
 * no deadline can tell from a dead line or a busy machine, loses no more than it kept from the others: its part of the
 * fee when it is late, the whole fee when its reveal is missing; that many times more for every faulty epoch before,
 * and the share of the stake at most.
 */
export function penaltyOf(
  outcome: MemberOutcome,
  { stakeMicro, faultyEpochs }: SeatStake,
  feeMicro: Amount,
  { slashBps, shardSize }: PenaltyTerms,
): Amount {
  const mostMicro = shareBps(stakeMicro, slashBps[outcome as SlashReason] ?? 0);
  if (outcome !== 'late' && outcome !== 'no-reveal') return mostMicro;
  const seats = BigInt(shardSize);
  const atStakeMicro = outcome === 'late' ? (feeMicro + seats - 1n) / seats : feeMicro;
  const absentMicro = atStakeMicro * BigInt(1 + faultyEpochs);
  return absentMicro < mostMicro ? absentMicro : mostMicro;
}
