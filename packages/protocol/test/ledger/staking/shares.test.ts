import { encode } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rewardNode, slashNode } from '../../../src/ledger/staking/pots.ts';
import { adjustShares, MAX_SHARES } from '../../../src/ledger/staking/shares.ts';
import { delegationKey, totalMicro } from '../../../src/ledger/state/state.ts';
import { genesis, idOf, registerExpert, registerValidator } from '../ledger-fixture.ts';
import { expertAt, Stage } from '../ledger-stage.ts';

const expert = expertAt('expert');
const people = ['bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'] as const;
const { unbondingEpochs } = genesis().rules;

/** A node of alice's with `own` stake and these delegations, all counted; a single micro-credit may be delegated. */
function staked(ownMicro: bigint, delegations: readonly bigint[], commissionBps = 0): Stage {
  const balances = ['alice', 'market-owner', ...people].map((name) => ({
    account: idOf(name),
    amountMicro: 2n ** 58n,
  }));
  const stage = new Stage({ balances, rules: { ...genesis().rules, minDelegationMicro: 1n } });
  stage.must('market-owner', registerValidator('market-owner', 'v1', 1_000n));
  stage.validators = ['v1'];
  stage.must('alice', { ...registerExpert('alice', 'expert', ownMicro), commissionBps } as never);
  delegations.forEach((amountMicro, index) => {
    stage.must(people[index]!, { kind: 'delegate', target: expert, amountMicro });
  });
  stage.pass();
  return stage;
}
const delegatedOf = (stage: Stage, count: number) =>
  people.slice(0, count).map((name) => stage.delegated(name, expert));
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);
/** Everybody takes out what he has, one after the other: together they get all that was in the pot, and nothing is left. */
function everybodyLeaves(stage: Stage, count: number): void {
  const leavers = people.slice(0, count);
  const { delegatedMicro } = stage.backing(expert)!;
  const before = sum(leavers.map((name) => stage.balance(name)));
  for (const name of leavers)
    stage.must(name, { kind: 'undelegate', target: expert, amountMicro: stage.delegated(name, expert) });
  stage.pass(unbondingEpochs);
  expect(sum(leavers.map((name) => stage.balance(name))) - before).toBe(delegatedMicro);
  expect(stage.state.delegations.size + stage.state.unbondings.size).toBe(0);
  expect(stage.backing(expert)).toMatchObject({
    delegatedMicro: 0n,
    delegationShares: 0n,
    unbondingShares: 0n,
  });
}

describe.each([3, 7])('dust among %i delegators', (count) => {
  const ones = new Array<bigint>(count).fill(1n);

  test('one micro-credit each comes and goes whole', () => {
    const stage = staked(10n, ones);
    expect(delegatedOf(stage, count)).toEqual(ones);
    everybodyLeaves(stage, count);
    for (const name of people.slice(0, count)) expect(stage.balance(name)).toBe(2n ** 58n);
    expect(stage.backing(expert)).toMatchObject({
      stakeMicro: 10n,
      delegatedMicro: 0n,
      delegationShares: 0n,
    });
  });

  test('a slash of one micro-credit is the owner’s; of one more than he has, theirs, and nothing is lost', () => {
    const stage = staked(10n, ones);
    const before = totalMicro(stage.state);
    expect(slashNode(stage.state, expert, 1n).takenMicro).toBe(1n);
    expect(stage.backing(expert)).toMatchObject({
      delegatedMicro: BigInt(count),
      stakeMicro: 9n + BigInt(count),
    });
    expect(slashNode(stage.state, expert, 8n + BigInt(count)).takenMicro).toBe(8n + BigInt(count));
    expect(stage.backing(expert)!.stakeMicro).toBe(1n);
    expect(totalMicro(stage.state)).toBe(before - 9n - BigInt(count));
    expect(slashNode(stage.state, expert, 5n).takenMicro).toBe(1n);
    expect(slashNode(stage.state, expert, 5n).takenMicro).toBe(0n);
  });

  test('a reward of one micro-credit is the owner’s; larger ones are shared, rounded down for delegators', () => {
    const stage = staked(10n, ones);
    rewardNode(stage.state, expert, 1n);
    expect(stage.balance('alice')).toBe(2n ** 58n - 10n + 1n);
    rewardNode(stage.state, expert, 10n + BigInt(count));
    expect(stage.backing(expert)!.delegatedMicro).toBe(2n * BigInt(count));
    expect(delegatedOf(stage, count)).toEqual(ones.map(() => 2n));
    // One micro-credit more than divides: it stays in the pot until the last one takes it.
    rewardNode(stage.state, expert, 20n);
    const pot = stage.backing(expert)!.delegatedMicro;
    expect(sum(delegatedOf(stage, count)) <= pot).toBe(true);
    expect(pot - sum(delegatedOf(stage, count)) < BigInt(count)).toBe(true);
    everybodyLeaves(stage, count);
  });
});

describe('shares', () => {
  test('made dear by rewards, they cost a newcomer less than a micro-credit', () => {
    const stage = staked(10n, [10n]);
    for (let round = 0; round < 20; round++) {
      // The attacker doubles his pot with his own money and leaves as little as the rules let him.
      rewardNode(stage.state, expert, stage.backing(expert)!.stakeMicro * 1_000n);
      const amountMicro = stage.delegated('bob', expert) - 1n;
      stage.must('bob', { kind: 'undelegate', target: expert, amountMicro });
      expect(stage.backing(expert)!.delegatedMicro >= 1n).toBe(true);
    }
    rewardNode(stage.state, expert, 10n ** 12n);
    stage.must('carol', { kind: 'delegate', target: expert, amountMicro: 1_999_999n });
    stage.pass();
    const lost = 1_999_999n - stage.delegated('carol', expert);
    expect(lost >= 0n && lost <= 1n).toBe(true);
  });

  test('however often a pot is slashed to almost nothing, their number can be written down', () => {
    const stage = staked(10n, [2n ** 50n]);
    for (let round = 0; round < 12; round++) {
      const { stakeMicro, unbondingMicro } = stage.backing(expert)!;
      slashNode(stage.state, expert, stakeMicro + unbondingMicro - 3n);
      stage.must(people[1 + (round % 6)]!, { kind: 'delegate', target: expert, amountMicro: 2n ** 50n });
      stage.pass();
      const backing = stage.backing(expert)!;
      expect(backing.delegationShares <= MAX_SHARES).toBe(true);
      expect(() => encode(backing)).not.toThrow();
      const joined = stage.delegated(people[1 + (round % 6)]!, expert);
      expect(2n ** 50n - joined <= 1n).toBe(true);
      stage.must(people[1 + (round % 6)]!, {
        kind: 'undelegate',
        target: expert,
        amountMicro: 2n ** 49n,
      });
      expect(stage.backing(expert)!.unbondingShares <= MAX_SHARES).toBe(true);
      expect(() => encode([...stage.state.unbondings.values()])).not.toThrow();
    }
    const total = stage.state.network.get('network')!.supplyMicro;
    // What `slashNode` takes outside a transaction goes nowhere here: the rest is all accounted for.
    expect(totalMicro(stage.state) < total).toBe(true);
    everybodyGone(stage);
  });

  test('of a pot slashed to nothing are void: they keep nobody out and get nothing of what comes', () => {
    const stage = staked(10n, [500n, 300n]);
    stage.must('bob', { kind: 'undelegate', target: expert, amountMicro: 200n });
    slashNode(stage.state, expert, 10n ** 6n);
    expect(stage.backing(expert)).toMatchObject({ stakeMicro: 0n, unbondingMicro: 0n });
    stage.must('dave', { kind: 'delegate', target: expert, amountMicro: 77n });
    stage.pass();
    expect(delegatedOf(stage, 3)).toEqual([0n, 0n, 77n]);
    expect(stage.backing(expert)!.delegationCount).toBe(1);
    stage.must('dave', { kind: 'undelegate', target: expert, amountMicro: 77n });
    expect([...stage.state.unbondings.values()].map(({ account }) => account)).toEqual([idOf('dave')]);
    stage.pass(unbondingEpochs);
    expect(stage.balance('dave')).toBe(2n ** 58n);
  });

  test('a count that becomes too large is divided: who is left with less than one share had less than a micro-credit', () => {
    const stage = staked(10n, [1n, 2n ** 57n, 2n ** 57n]);
    slashNode(stage.state, expert, stage.backing(expert)!.stakeMicro - 2n);
    const { delegatedMicro } = stage.backing(expert)!;
    adjustShares(stage.state, expert, 'delegated', 2n ** 60n);
    const after = stage.backing(expert)!;
    expect(after.delegationShares * 2n ** 60n <= MAX_SHARES * (delegatedMicro || 1n)).toBe(true);
    expect(stage.state.delegations.get(delegationKey(expert, idOf('bob')))).toBeUndefined();
    const shares = [...stage.state.delegations.values()].reduce((total, { shares }) => total + shares, 0n);
    expect(after.delegationShares).toBe(shares);
    expect(after.delegationCount).toBe(stage.state.delegations.size);
  });

  test('counting anew moves no money: everybody has what he had, to the micro-credit', () => {
    const amounts = fc.array(fc.bigInt(1n, 10n ** 9n), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(amounts, fc.bigInt(0n, 10n ** 12n), fc.bigInt(0n, 10n ** 9n), (parts, reward, slash) => {
        const stage = staked(1_000n, parts);
        rewardNode(stage.state, expert, reward);
        slashNode(stage.state, expert, slash);
        const before = delegatedOf(stage, parts.length);
        const money = totalMicro(stage.state);
        adjustShares(stage.state, expert, 'delegated', 0n);
        expect(delegatedOf(stage, parts.length)).toEqual(before);
        expect(totalMicro(stage.state)).toBe(money);
        const { delegatedMicro, delegationShares } = stage.backing(expert)!;
        expect(delegationShares >= delegatedMicro).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

function everybodyGone(stage: Stage): void {
  stage.must('alice', { kind: 'deregister', target: expert });
  const money = totalMicro(stage.state);
  stage.pass(unbondingEpochs);
  expect(stage.backing(expert)).toBeUndefined();
  expect([stage.state.delegations.size, stage.state.unbondings.size]).toEqual([0, 0]);
  expect(totalMicro(stage.state)).toBe(money);
}
