import type { AccountId } from '@market-of-experts/core';
import { beforeEach, describe, expect, test } from 'vitest';
import type { StakeTarget } from '../../../src/fields/fields.ts';
import { LEDGER_LIMITS } from '../../../src/fields/limits.ts';
import { applyTransaction } from '../../../src/ledger/apply.ts';
import { slashNode } from '../../../src/ledger/staking/pots.ts';
import { totalMicro } from '../../../src/ledger/state/state.ts';
import {
  fixtureTerms,
  genesis,
  idOf,
  MARKET,
  NETWORK,
  nodeOf,
  registerExpert,
  registerValidator,
} from '../ledger-fixture.ts';
import { expertAt, Stage, validatorAt } from '../ledger-stage.ts';

let stage: Stage;
const expert = expertAt('expert');
const other = expertAt('other');
const validator = validatorAt('v1');
const { unbondingEpochs, noticeEpochs, minDelegationMicro } = genesis().rules;
const delegate = (target: StakeTarget, amountMicro: bigint) =>
  ({ kind: 'delegate', target, amountMicro }) as const;
const undelegate = (target: StakeTarget, amountMicro: bigint) =>
  ({ kind: 'undelegate', target, amountMicro }) as const;
const redelegate = (target: StakeTarget, to: StakeTarget, amountMicro: bigint) =>
  ({ kind: 'redelegate', target, to, amountMicro }) as const;
const earns = (amountMicro: bigint) =>
  stage.settle('market-owner', {
    earnings: [{ node: nodeOf('expert'), owner: idOf('alice'), amountMicro }],
  });
const epochStake = () => stage.state.validators.get(nodeOf('v1'))!.epochStakeMicro;

beforeEach(() => {
  stage = new Stage();
  stage.must('market-owner', registerValidator('market-owner', 'v1', 1_000n));
  stage.validators = ['v1'];
  stage.must('alice', registerExpert('alice', 'expert', 300n));
  stage.must('alice', registerExpert('alice', 'other', 300n));
  stage.must('market-owner', {
    kind: 'lock',
    market: MARKET,
    gateway: nodeOf('gateway'),
    amountMicro: 100_000n,
  });
});

describe('stake changes around the end of an epoch', () => {
  test('a delegation made just before the end earns nothing of it, and is not slashed for it', () => {
    stage.must('bob', delegate(expert, 900n));
    earns(1_000n);
    expect(stage.balance('alice')).toBe(1_000_000n - 600n + 1_000n);
    stage.settle('market-owner', { slashes: [{ node: nodeOf('expert'), amountMicro: 100n }] });
    stage.pass();
    expect(stage.delegated('bob', expert)).toBe(900n);
    expect(stage.backing(expert)).toMatchObject({
      stakeMicro: 1_100n,
      delegatedMicro: 900n,
      pendingMicro: 0n,
    });
  });

  test('stake added just before the end counts neither in the quorum nor in the ranking; removed, it does not rank', () => {
    stage.pass();
    expect(epochStake()).toBe(1_000n);
    stage.must('market-owner', { kind: 'stake', target: validator, amountMicro: 500n });
    stage.must('bob', delegate(validator, 200n));
    expect(stage.backing(validator)!.stakeMicro).toBe(1_000n);
    expect(stage.state.network.get('network')!.validatorStakeMicro).toBe(1_000n);
    stage.pass();
    expect([stage.backing(validator)!.stakeMicro, epochStake()]).toEqual([1_700n, 1_700n]);
    // What ranks is the lesser of the stake when the epoch began and the stake now.
    stage.must('market-owner', { kind: 'unstake', target: validator, amountMicro: 600n });
    expect([stage.backing(validator)!.stakeMicro, epochStake()]).toEqual([1_100n, 1_700n]);
  });

  test('what waits comes back at once, first of all, and owes no unbonding', () => {
    stage.must('bob', delegate(expert, 50n));
    stage.must('bob', undelegate(expert, 30n));
    expect([stage.balance('bob'), stage.state.unbondings.size]).toEqual([1_000_000n - 20n, 0]);
    stage.pass();
    stage.must('bob', delegate(expert, 15n));
    stage.must('bob', undelegate(expert, 25n));
    expect(stage.balance('bob')).toBe(1_000_000n - 20n);
    expect(stage.backing(expert)).toMatchObject({
      pendingMicro: 0n,
      delegatedMicro: 10n,
      unbondingMicro: 10n,
    });
  });

  test('money that waits on a node that leaves is back when the epoch ends', () => {
    stage.must('bob', delegate(expert, 50n));
    stage.must('alice', { kind: 'deregister', target: expert });
    stage.refuses('bob', undelegate(expert, 50n), 'node-leaving');
    stage.refuses('bob', delegate(expert, 50n), 'node-leaving');
    stage.pass();
    expect(stage.balance('bob')).toBe(1_000_000n);
    expect(stage.state.delegations.size).toBe(0);
  });
});

describe('unbonding', () => {
  beforeEach(() => {
    stage.must('bob', delegate(expert, 600n));
    stage.pass();
  });

  test('slashing while unbonding: who left bears the same part as who stays', () => {
    stage.must('bob', undelegate(expert, 300n));
    // 300 own, 300 delegated, 300 on the way out: a third each.
    stage.settle('market-owner', { slashes: [{ node: nodeOf('expert'), amountMicro: 90n }] });
    expect(stage.backing(expert)).toMatchObject({
      stakeMicro: 540n,
      delegatedMicro: 270n,
      unbondingMicro: 270n,
    });
    stage.pass(unbondingEpochs - 1);
    expect(stage.balance('bob')).toBe(1_000_000n - 600n);
    stage.pass();
    expect(stage.balance('bob')).toBe(1_000_000n - 600n + 270n);
    expect(stage.state.unbondings.size).toBe(0);
    stage.settle('market-owner', { slashes: [{ node: nodeOf('expert'), amountMicro: 90n }] });
    expect(stage.balance('bob')).toBe(1_000_000n - 600n + 270n);
  });

  test('redelegated stake answers for its old node until it is unbonded, then joins the new one at once', () => {
    stage.must('bob', redelegate(expert, other, 600n));
    stage.settle('market-owner', { slashes: [{ node: nodeOf('expert'), amountMicro: 90n }] });
    stage.settle('market-owner', { slashes: [{ node: nodeOf('other'), amountMicro: 100n }] });
    stage.pass(unbondingEpochs);
    expect(stage.delegated('bob', other)).toBe(540n);
    expect(stage.backing(other)).toMatchObject({ stakeMicro: 740n, delegatedMicro: 540n });
    expect(stage.balance('bob')).toBe(1_000_000n - 600n);
  });

  test('redelegated to a node that has left, or slashed below the minimum, it is paid out', () => {
    stage.must('bob', redelegate(expert, other, 300n));
    stage.must('alice', { kind: 'deregister', target: other });
    stage.refuses('bob', redelegate(expert, other, 300n), 'node-leaving');
    stage.pass(unbondingEpochs);
    expect(stage.balance('bob')).toBe(1_000_000n - 300n);
    stage.must('bob', redelegate(expert, validator, 300n));
    slashNode(stage.state, expert, 585n);
    stage.pass(unbondingEpochs);
    expect(stage.balance('bob')).toBe(1_000_000n - 300n + 8n);
    expect(stage.backing(validator)!.delegatedMicro).toBe(0n);
  });

  test('redelegating to where it is, or to one’s own node, is refused', () => {
    stage.must('bob', registerExpert('bob', 'bobs', 100n));
    stage.refuses('bob', redelegate(expert, expert, 300n), 'not-authorised');
    stage.refuses('bob', redelegate(expert, expertAt('bobs'), 300n), 'not-authorised');
    stage.refuses('bob', redelegate(expert, expertAt('nobody'), 300n), 'unknown-node');
    stage.refuses('bob', delegate(expertAt('bobs'), 300n), 'not-authorised');
  });

  test('undelegating everything leaves no record', () => {
    stage.refuses('bob', undelegate(expert, 601n), 'insufficient-stake');
    stage.refuses('carol', undelegate(expert, 1n), 'insufficient-stake');
    stage.refuses('alice', undelegate(expert, 300n), 'insufficient-stake');
    stage.must('bob', undelegate(expert, 600n));
    expect(stage.state.delegations.size).toBe(0);
    expect(stage.backing(expert)).toMatchObject({
      delegationShares: 0n,
      delegatedMicro: 0n,
      delegationCount: 0,
    });
    stage.pass(unbondingEpochs);
    expect([stage.state.unbondings.size, stage.balance('bob')]).toEqual([0, 1_000_000n]);
    expect(stage.backing(expert)).toMatchObject({
      unbondingShares: 0n,
      unbondingMicro: 0n,
      stakeMicro: 300n,
    });
  });

  test('dust fills nothing: less than the minimum is neither delegated, left behind nor unbonded alone', () => {
    stage.refuses('carol', delegate(expert, minDelegationMicro - 1n), 'insufficient-stake');
    stage.refuses('bob', undelegate(expert, minDelegationMicro - 1n), 'insufficient-stake');
    stage.must('bob', undelegate(expert, 600n - minDelegationMicro + 1n));
    expect(stage.state.delegations.size).toBe(0);
    expect(stage.backing(expert)!.unbondingMicro).toBe(600n);
    stage.must('carol', delegate(expert, minDelegationMicro));
    stage.must('carol', undelegate(expert, 1n));
    expect([stage.state.delegations.size, stage.balance('carol')]).toEqual([0, 1_000_000n]);
  });
});

describe('commission', () => {
  beforeEach(() => {
    stage.must('bob', delegate(expert, 300n));
    stage.pass();
  });
  const commission = (commissionBps: number) =>
    ({ kind: 'setCommission', target: expert, commissionBps }) as const;

  test('raised just before rewards, it takes nothing of them: who leaves at the notice never pays it', () => {
    stage.must('alice', commission(10_000));
    stage.refuses('bob', commission(0), 'not-authorised');
    earns(200n);
    // Half of the stake is bob's; a tenth of his half is the owner's, as it was.
    expect(stage.delegated('bob', expert)).toBe(390n);
    stage.must('bob', undelegate(expert, 390n));
    stage.pass(noticeEpochs);
    expect(stage.balance('bob')).toBe(1_000_000n - 300n + 390n);
    expect(stage.backing(expert)).toMatchObject({ commissionBps: 10_000 });
  });

  test('begins after the notice, not an epoch earlier; a later announcement begins its own notice', () => {
    stage.must('alice', commission(5_000));
    stage.pass(noticeEpochs - 1);
    expect(stage.backing(expert)!.commissionBps).toBe(1_000);
    stage.must('alice', commission(6_000));
    stage.pass();
    expect(stage.backing(expert)!.commissionBps).toBe(1_000);
    stage.pass(noticeEpochs - 1);
    expect(stage.backing(expert)).toMatchObject({ commissionBps: 6_000 });
    expect(stage.backing(expert)!.nextCommission).toBeUndefined();
  });
});

describe('delegators of a node that goes', () => {
  test('deregistered: slashable to the end, then everybody has his own back and no record is left', () => {
    stage.must('bob', delegate(expert, 300n));
    stage.must('carol', delegate(validator, 400n));
    stage.pass();
    stage.must('alice', { kind: 'deregister', target: expert });
    stage.refuses('bob', undelegate(expert, 300n), 'node-leaving');
    stage.pass(unbondingEpochs - 1);
    stage.settle('market-owner', { slashes: [{ node: nodeOf('expert'), amountMicro: 60n }] });
    stage.pass();
    expect(stage.balance('bob')).toBe(1_000_000n - 30n);
    expect(stage.balance('alice')).toBe(1_000_000n - 300n - 30n);
    expect(stage.backing(expert)).toBeUndefined();
    expect(stage.state.delegations.size).toBe(1);
  });

  test('a validator that leaves, and is slashed while it does, is counted out once', () => {
    stage.must('bob', registerValidator('bob', 'v2', 500n));
    stage.must('carol', delegate(validatorAt('v2'), 100n));
    stage.pass();
    const network = () => stage.state.network.get('network')!;
    expect(network()).toMatchObject({ validatorStakeMicro: 1_600n, validatorCount: 2 });
    stage.must('bob', { kind: 'deregister', target: validatorAt('v2') });
    expect(network()).toMatchObject({ validatorStakeMicro: 1_000n, validatorCount: 1 });
    slashNode(stage.state, validatorAt('v2'), 60n);
    expect(network()).toMatchObject({ validatorStakeMicro: 1_000n, validatorCount: 1 });
    stage.pass(unbondingEpochs);
    expect(network()).toMatchObject({ validatorStakeMicro: 1_000n, validatorCount: 1 });
    expect([stage.balance('bob'), stage.balance('carol')]).toEqual([1_000_000n - 50n, 1_000_000n - 10n]);
  });

  test('pruned from a full market: the delegator is paid out, the deposit is burnt', () => {
    const terms = fixtureTerms({
      parameters: { ...fixtureTerms().parameters, shardSize: 3 },
      maximumExperts: 3,
      immunityEpochs: 0,
      registration: { floorMicro: 7n, capMicro: 7n, riseBps: 0, decayBps: 0 },
    });
    stage = new Stage({ markets: [{ ...genesis().markets[0]!, terms }] });
    for (const name of ['weak', 'b', 'c'])
      stage.must('alice', { ...registerExpert('alice', name, 100n), depositMicro: 7n } as never);
    const names = ['weak', 'b', 'c'];
    for (const name of names) stage.must('bob', delegate(expertAt(name), 50n));
    stage.pass();
    stage.must('carol', { ...registerExpert('carol', 'new', 100n), depositMicro: 7n } as never);
    const pruned = names.find((name) => stage.backing(expertAt(name))!.leavesAtEpoch !== undefined)!;
    expect(stage.state.markets.get(MARKET)).toMatchObject({ expertCount: 3, poolMicro: 0n });
    stage.pass(unbondingEpochs);
    expect(stage.backing(expertAt(pruned))).toBeUndefined();
    expect(stage.balance('bob')).toBe(1_000_000n - 100n);
    expect(stage.balance('alice')).toBe(1_000_000n - 200n - 21n);
    expect(totalMicro(stage.state)).toBe(4_000_000n - 7n);
  });
});

test('a node takes so many delegators and no more; those it has may add, and others when one has left', () => {
  const from = (index: number) => `0x${index.toString(16).padStart(40, '0')}` as AccountId;
  const { state } = stage;
  const send = (index: number, amountMicro: bigint) =>
    applyTransaction(state, {
      ...delegate(expert, amountMicro),
      network: NETWORK,
      from: from(index),
      nonce: state.accounts.get(from(index))!.nonce,
    });
  const last = LEDGER_LIMITS.delegatorsPerNode;
  for (let index = 0; index <= last; index++)
    state.accounts.set(from(index), { balanceMicro: 100n, nonce: 0 });
  for (let index = 0; index < last; index++) expect(send(index, 10n).applied).toBe(true);
  expect(send(last, 10n)).toMatchObject({ applied: false, code: 'limit-reached' });
  expect(send(0, 10n).applied).toBe(true);
  stage.must('alice', { kind: 'stake', target: expert, amountMicro: 10n });
  // Whoever redelegates to a full node is paid out instead.
  stage.must('carol', delegate(other, 50n));
  stage.pass();
  stage.must('carol', redelegate(other, expert, 50n));
  stage.pass(unbondingEpochs);
  expect(stage.balance('carol')).toBe(1_000_000n);
  expect(
    applyTransaction(state, {
      ...undelegate(expert, 20n),
      network: NETWORK,
      from: from(0),
      nonce: 2,
    }),
  ).toEqual({ applied: true });
  expect(send(last, 10n)).toEqual({ applied: true });
});
