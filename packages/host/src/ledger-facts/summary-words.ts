import { type Amount, formatCredits } from '@market-of-experts/core';
import type { LedgerTables } from '@market-of-experts/ledger';
import {
  type Expert,
  type RecordChange,
  type StakeTarget,
  type Validator,
  worthOf,
} from '@market-of-experts/protocol';
import { backingIn } from './account-facts.ts';

export type ChangeOf<Table extends RecordChange['table']> = Extract<RecordChange, { readonly table: Table }>;

/** The node as a sentence calls it; part of its key where it is not registered. */
export function nodeName(records: LedgerTables, target: StakeTarget): string {
  const backing = backingIn(records, target);
  return backing === undefined ? `node ${target.node.slice(0, 8)}` : label(backing);
}

export function label(backing: Expert | Validator): string {
  return 'market' in backing
    ? `expert "${backing.name}" of "${backing.market}"`
    : `validator "${backing.name}"`;
}

/** All that can be slashed. */
export function atRisk({ stakeMicro, unbondingMicro, pendingMicro }: Expert | Validator): Amount {
  return stakeMicro + unbondingMicro + pendingMicro;
}

export function credits(amount: Amount): string {
  return `${formatCredits(amount)} credits`;
}

export function percent(bps: number): string {
  return `${bps / 100} %`;
}

/** What a change adds to what is being unbonded, in micro-credits. */
export function unbondedBy({ before, after }: ChangeOf<'unbondings'>, records: LedgerTables): Amount {
  const backing = backingIn(records, after!.target);
  return backing === undefined
    ? 0n
    : worthOf(after!.shares - (before?.shares ?? 0n), backing.unbondingMicro, backing.unbondingShares);
}

export function asSentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
