import type { AccountId } from '@market-of-experts/core';
import { expect } from 'vitest';
import type { StakeTarget } from '../../src/fields/fields.ts';
import { applyTransaction } from '../../src/ledger/apply.ts';
import { worthOf } from '../../src/ledger/staking/shares.ts';
import type { Backing } from '../../src/ledger/state/node-records.ts';
import {
  accountOf,
  delegationKey,
  emptyState,
  type LedgerState,
  targetKey,
} from '../../src/ledger/state/state.ts';
import type { Action, TransactionOf } from '../../src/ledger/transaction/transaction.ts';
import type { SettlementBody } from '../../src/settlement/settlement-body.ts';
import {
  endEpoch,
  genesis,
  heartbeat,
  idOf,
  MARKET,
  nodeOf,
  settle,
  settlementBody,
  transactionFrom,
} from './ledger-fixture.ts';

export const expertAt = (node: string): StakeTarget => ({
  role: 'expert',
  market: MARKET,
  node: nodeOf(node),
});
export const validatorAt = (node: string): StakeTarget => ({ role: 'validator', node: nodeOf(node) });

/** A fresh ledger and what tests do with it, in the names of the cast. */
export class Stage {
  readonly state: LedgerState = emptyState();
  /** Sign what needs a quorum. */
  validators: readonly string[] = [];

  constructor(changes: Partial<TransactionOf<'genesis'>> = {}) {
    expect(applyTransaction(this.state, { ...genesis(), ...changes })).toEqual({ applied: true });
  }

  act(name: string, action: Action): ReturnType<typeof applyTransaction> {
    return applyTransaction(this.state, transactionFrom(this.state, name, action));
  }

  must(name: string, action: Action): void {
    expect(this.act(name, action)).toEqual({ applied: true });
    // Validators of tests are there from the beginning, unless a test is about that.
    if (action.kind === 'registerValidator') this.beat(action.name);
  }

  /** Signs of life of validators. */
  beat(...names: readonly string[]): void {
    for (const name of names)
      expect(applyTransaction(this.state, heartbeat(this.state, name))).toEqual({ applied: true });
  }

  /** Refused with this code, and nothing whatever changed. */
  refuses(name: string, action: Action, code: string): void {
    const before = structuredClone(this.state);
    expect(this.act(name, action)).toMatchObject({ applied: false, code });
    expect(this.state).toEqual(before);
  }

  pass(epochs = 1): void {
    for (let ended = 0; ended < epochs; ended++)
      this.must('treasury', endEpoch(this.state, ...this.validators));
  }

  /** A settlement that pays and slashes experts; `payer` must have money locked for gateway `gateway`. */
  settle(payer: string, rows: Partial<Pick<SettlementBody, 'earnings' | 'slashes'>>): void {
    const earnings = [...(rows.earnings ?? [])].sort((a, b) => (a.node < b.node ? -1 : 1));
    const chargeMicro = earnings.reduce((sum, { amountMicro }) => sum + amountMicro, 0n);
    const body = settlementBody(
      this.state,
      { client: payer, gateway: 'gateway', to: payer, orders: 1, chargeMicro },
      { credits: [], earnings, slashes: rows.slashes ?? [] },
    );
    this.must(payer, settle(body, ...this.validators));
  }

  balance(name: string): bigint {
    return accountOf(this.state, idOf(name)).balanceMicro;
  }

  backing(target: StakeTarget): Backing | undefined {
    return target.role === 'expert'
      ? this.state.experts.get(targetKey(target))
      : this.state.validators.get(target.node);
  }

  /** What an account's delegation is worth, without what does not count yet. */
  delegated(name: string, target: StakeTarget): bigint {
    const { delegatedMicro, delegationShares } = this.backing(target)!;
    const record = this.state.delegations.get(delegationKey(target, idOf(name) as AccountId));
    return worthOf(record?.shares ?? 0n, delegatedMicro, delegationShares);
  }
}
