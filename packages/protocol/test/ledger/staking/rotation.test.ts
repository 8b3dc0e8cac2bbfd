import { beforeEach, describe, expect, test } from 'vitest';
import type { StakeTarget } from '../../../src/fields/fields.ts';
import { applyTransaction } from '../../../src/ledger/apply.ts';
import { weightsCommitment } from '../../../src/ledger/epochs/weights.ts';
import { accountOf, totalMicro } from '../../../src/ledger/state/state.ts';
import { signConsent, signSettlement } from '../../../src/ledger/transaction/authority.ts';
import type { Action, Transaction } from '../../../src/ledger/transaction/transaction.ts';
import {
  endEpoch,
  genesis,
  idOf,
  keysOf,
  MARKET,
  NETWORK,
  nodeOf,
  registerExpert,
  registerValidator,
  settle,
  settlementBody,
} from '../ledger-fixture.ts';
import { expertAt, Stage, validatorAt } from '../ledger-stage.ts';

let stage: Stage;
const { unbondingEpochs } = genesis().rules;
const rotate = (owner: string, target: StakeTarget, next: string): Action => ({
  kind: 'rotate',
  target,
  next: nodeOf(next),
  consent: signConsent(keysOf(next), NETWORK, idOf(owner)),
});
const lost = expertAt('lost');
const fresh = expertAt('fresh');
const slash = (node: string, amountMicro: bigint) =>
  stage.settle('market-owner', { slashes: [{ node: nodeOf(node), amountMicro }] });

beforeEach(() => {
  stage = new Stage();
  stage.must('market-owner', registerValidator('market-owner', 'v1', 1_000n));
  stage.validators = ['v1'];
  stage.must('alice', registerExpert('alice', 'lost', 300n));
  stage.must('market-owner', {
    kind: 'lock',
    market: MARKET,
    gateway: nodeOf('gateway'),
    amountMicro: 100_000n,
  });
  stage.must('bob', { kind: 'delegate', target: lost, amountMicro: 300n });
  stage.must('carol', { kind: 'delegate', target: lost, amountMicro: 300n });
  stage.pass();
  stage.must('carol', { kind: 'undelegate', target: lost, amountMicro: 100n });
  stage.must('carol', { kind: 'delegate', target: lost, amountMicro: 40n });
});

describe('an expert whose key was lost', () => {
  test('keeps stake, delegations, what waits and what is being unbonded, under the new key', () => {
    const before = stage.backing(lost)!;
    stage.refuses('bob', rotate('bob', lost, 'fresh'), 'not-authorised');
    stage.must('alice', rotate('alice', lost, 'fresh'));
    expect(stage.backing(lost)).toBeUndefined();
    expect(stage.backing(fresh)).toEqual({ ...before, node: nodeOf('fresh') });
    expect(stage.delegated('bob', fresh)).toBe(300n);
    stage.pass();
    expect(stage.delegated('carol', fresh)).toBe(240n);
    stage.must('bob', { kind: 'undelegate', target: fresh, amountMicro: 300n });
    stage.pass(unbondingEpochs);
    expect(stage.balance('bob')).toBe(1_000_000n);
    expect(stage.balance('carol')).toBe(1_000_000n - 240n);
    expect(totalMicro(stage.state)).toBe(4_000_000n);
  });

  test('is paid and slashed for the old key’s jobs', () => {
    stage.must('alice', rotate('alice', lost, 'fresh'));
    stage.settle('market-owner', {
      earnings: [{ node: nodeOf('lost'), owner: idOf('alice'), amountMicro: 1_000n }],
    });
    expect(stage.state.experts.get(`${MARKET}/${nodeOf('fresh')}`)!.incomeMicro).toBe(1_000n);
    const { stakeMicro, unbondingMicro } = stage.backing(fresh)!;
    slash('lost', 90n);
    const after = stage.backing(fresh)!;
    expect(stakeMicro + unbondingMicro - after.stakeMicro - after.unbondingMicro).toBe(90n);
  });

  test('cannot be registered again, nor become another node’s new key, while its successor is', () => {
    stage.must('alice', rotate('alice', lost, 'fresh'));
    // Otherwise its penalties would reach the successor, and it would be out of reach itself.
    stage.refuses('alice', registerExpert('alice', 'lost', 300n), 'already-registered');
    stage.refuses('bob', registerExpert('bob', 'lost', 300n), 'already-registered');
    stage.must('bob', registerExpert('bob', 'bobs', 300n));
    stage.refuses('bob', rotate('bob', expertAt('bobs'), 'lost'), 'already-registered');
    stage.refuses('bob', rotate('bob', expertAt('bobs'), 'fresh'), 'already-registered');
    stage.refuses('alice', rotate('alice', lost, 'other'), 'unknown-node');
  });

  test('replaced again and again, every old key leads to the present one; once an epoch', () => {
    stage.must('alice', rotate('alice', lost, 'second'));
    stage.refuses('alice', rotate('alice', expertAt('second'), 'third'), 'limit-reached');
    stage.pass();
    stage.must('alice', rotate('alice', expertAt('second'), 'third'));
    stage.pass();
    stage.must('alice', rotate('alice', expertAt('third'), 'fresh'));
    expect([...stage.state.rotations.values()].map(({ next }) => next)).toEqual(
      new Array(3).fill(nodeOf('fresh')),
    );
    for (const name of ['lost', 'second', 'third', 'fresh']) {
      const before = stage.backing(fresh)!;
      slash(name, 9n);
      const after = stage.backing(fresh)!;
      expect(before.stakeMicro + before.unbondingMicro - after.stakeMicro - after.unbondingMicro).toBe(9n);
    }
  });

  test('what is redelegated to it goes to the new key', () => {
    stage.must('bob', registerExpert('bob', 'bobs', 300n));
    stage.must('carol', { kind: 'delegate', target: expertAt('bobs'), amountMicro: 60n });
    stage.pass();
    stage.must('carol', { kind: 'redelegate', target: expertAt('bobs'), to: lost, amountMicro: 60n });
    stage.must('alice', rotate('alice', lost, 'fresh'));
    stage.pass(unbondingEpochs);
    expect(stage.delegated('carol', fresh)).toBe(300n);
  });

  test('when its successor is gone, nothing of it is left, and pay that comes late is its owner’s', () => {
    stage.must('alice', rotate('alice', lost, 'fresh'));
    stage.must('alice', { kind: 'deregister', target: fresh });
    stage.pass(unbondingEpochs);
    expect([stage.state.rotations.size, stage.state.delegations.size, stage.state.unbondings.size]).toEqual([
      0, 0, 0,
    ]);
    expect(['alice', 'bob', 'carol'].map((name) => stage.balance(name))).toEqual(
      new Array(3).fill(1_000_000n),
    );
    stage.must('bob', registerExpert('bob', 'lost', 300n));
    stage.settle('market-owner', {
      earnings: [{ node: nodeOf('lost'), owner: idOf('alice'), amountMicro: 70n }],
    });
    expect([stage.balance('alice'), stage.balance('bob')]).toEqual([1_000_070n, 1_000_000n - 300n]);
  });
});

describe('a validator whose key was lost', () => {
  const v1 = validatorAt('v1');
  const v2 = validatorAt('v2');
  /** As a node sends it, with its own nonce. */
  const report = (node: string, action: Action) =>
    applyTransaction(stage.state, {
      ...action,
      network: NETWORK,
      from: nodeOf(node),
      nonce: accountOf(stage.state, nodeOf(node)).nonce,
    } as Transaction);
  const commitment = (validator: string, epoch: number) =>
    weightsCommitment({
      network: NETWORK,
      market: MARKET,
      validator: nodeOf(validator),
      epoch,
      weights: [[nodeOf('lost'), 1]],
      salt: 'ab'.repeat(32) as never,
    });
  const promise = (validator: string): Action => {
    const { epoch } = stage.state.network.get('network')!;
    return { kind: 'commitWeights', market: MARKET, epoch, commitment: commitment(validator, epoch) };
  };
  const reveal = (epoch: number): Action => ({
    kind: 'revealWeights',
    market: MARKET,
    epoch,
    weights: [[nodeOf('lost'), 1]],
    salt: 'ab'.repeat(32) as never,
  });

  test('keeps its stake in the quorum; the old key can do nothing more', () => {
    stage.must('market-owner', rotate('market-owner', v1, 'v2'));
    expect(stage.state.network.get('network')).toMatchObject({
      validatorCount: 1,
      validatorStakeMicro: 1_000n,
    });
    expect(stage.backing(v1)).toBeUndefined();
    expect(report('v1', promise('v1'))).toMatchObject({ code: 'not-authorised' });
    stage.refuses('bob', endEpoch(stage.state, 'v1'), 'no-quorum');
    const usual = { client: 'market-owner', gateway: 'gateway', to: 'bob', orders: 1, chargeMicro: 5n };
    stage.refuses('bob', settle(settlementBody(stage.state, usual), 'v1'), 'no-quorum');
    // It counts from its own first sign of life on.
    stage.refuses('bob', endEpoch(stage.state, 'v2'), 'no-quorum');
    stage.beat('v2');
    stage.refuses('treasury', endEpoch(stage.state, 'v1'), 'no-quorum');
    stage.validators = ['v2'];
    stage.pass();
    stage.must('bob', settle(settlementBody(stage.state, usual), 'v2'));
    expect(report('v2', promise('v2'))).toEqual({ applied: true });
  });

  test('keeps weights, bonds and its permit; a promise of the old key is void', () => {
    expect(report('v1', promise('v1'))).toEqual({ applied: true });
    const { epoch } = stage.state.network.get('network')!;
    stage.pass();
    expect(report('v1', reveal(epoch))).toEqual({ applied: true });
    expect(report('v1', promise('v1'))).toEqual({ applied: true });
    stage.pass();
    const before = { ...stage.state.weights.get(`${MARKET}/${nodeOf('v1')}`)! };
    expect(stage.state.rankings.get(MARKET)!.permits).toEqual([nodeOf('v1')]);
    stage.must('market-owner', rotate('market-owner', v1, 'v2'));
    expect([...stage.state.weights.values()]).toEqual([{ ...before, validator: nodeOf('v2') }]);
    expect([...stage.state.bonds.values()].map(({ validator }) => validator)).toEqual([nodeOf('v2')]);
    expect(stage.state.rankings.get(MARKET)!.permits).toEqual([nodeOf('v2')]);
    expect(stage.state.weightCommits.size).toBe(0);
    expect(report('v2', promise('v2'))).toEqual({ applied: true });
  });

  test('is slashed for two settlements that the old key signed, once', () => {
    const usual = { client: 'market-owner', gateway: 'gateway', to: 'bob', orders: 1, chargeMicro: 5n };
    const bodies = [
      settlementBody(stage.state, usual),
      settlementBody(stage.state, { ...usual, to: 'carol' }),
    ];
    stage.must('market-owner', rotate('market-owner', v1, 'v2'));
    const settlements = bodies.map((body) => ({
      body,
      signature: signSettlement(keysOf('v1'), body).signature,
    }));
    const proof = {
      kind: 'settlements',
      validator: nodeOf('v1'),
      settlements: settlements as [never, never],
    } as const;
    stage.must('bob', { kind: 'evidence', market: MARKET, proof });
    expect(stage.backing(v2)!.stakeMicro).toBe(500n);
    expect(stage.state.network.get('network')!.validatorStakeMicro).toBe(500n);
    stage.refuses('carol', { kind: 'evidence', market: MARKET, proof }, 'already-punished');
  });

  test('gone, it leaves no weights to who registers with its key', () => {
    expect(report('v1', promise('v1'))).toEqual({ applied: true });
    const { epoch } = stage.state.network.get('network')!;
    stage.pass();
    expect(report('v1', reveal(epoch))).toEqual({ applied: true });
    stage.must('bob', registerValidator('bob', 'v3', 1_000n));
    stage.must('market-owner', { kind: 'deregister', target: v1 });
    stage.validators = ['v3'];
    stage.pass(unbondingEpochs);
    expect([stage.state.weights.size, stage.state.bonds.size]).toEqual([0, 0]);
    stage.must('carol', registerValidator('carol', 'v1', 1_000n));
  });
});
