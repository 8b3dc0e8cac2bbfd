import { type Amount, BPS, shareBps } from '@moe/core';
import type { MemberOutcome } from '../job/certificate.ts';
import type { MarketParameters, SlashReason } from '../parameters.ts';

/** Whose stakes stand behind one entry of a job. */
export interface EntryStakes {
  readonly principalStakeMicro: Amount;
  /** Where a friend worked: its stake and its share of the fee. */
  readonly friend?: { readonly stakeMicro: Amount; readonly bps: number } | undefined;
}

/**
 * What an entry costs the principal and, where it called a friend, the worker: each the penalty of its own stake, in
 * proportion to its share of the fee (protocol.md, sections 4 and 5). Nothing for an outcome that is no fault.
 */
export function penaltiesOf(
  outcome: MemberOutcome,
  { principalStakeMicro, friend }: EntryStakes,
  { slashBps }: Pick<MarketParameters, 'slashBps'>,
): { readonly slashMicro: Amount; readonly workerSlashMicro: Amount } {
  const bps = slashBps[outcome as SlashReason] ?? 0;
  const wholeMicro = shareBps(principalStakeMicro, bps);
  if (friend === undefined) return { slashMicro: wholeMicro, workerSlashMicro: 0n };
  return {
    slashMicro: shareBps(wholeMicro, Number(BPS) - friend.bps),
    workerSlashMicro: shareBps(shareBps(friend.stakeMicro, bps), friend.bps),
  };
}
