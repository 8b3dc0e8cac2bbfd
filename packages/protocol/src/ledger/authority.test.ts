import { beforeEach, expect, test } from 'vitest';
import { isQuorum } from './authority.ts';
import { genesis, nodeOf, registerValidator } from './ledger-fixture.ts';
import { Stage, validatorAt } from './ledger-stage.ts';

let stage: Stage;
const { offlineEpochs } = genesis().rules;
const quorum = (...names: string[]) =>
  isQuorum(
    stage.state,
    names.map((name) => ({ node: nodeOf(name), signature: new Uint8Array(64) })),
  );

beforeEach(() => {
  stage = new Stage();
  for (const [name, stake] of [
    ['a', 300n],
    ['b', 300n],
    ['c', 300n],
  ] as const)
    stage.must('alice', registerValidator('alice', name, stake));
});

test('two thirds of the stake are a quorum, less is none, and nobody counts twice', () => {
  expect(quorum('a', 'b')).toBe(true);
  expect(quorum('a')).toBe(false);
  expect(quorum('a', 'a', 'a')).toBe(false);
  expect(quorum('a', 'stranger')).toBe(false);
  expect(quorum()).toBe(false);
  stage.must('alice', { kind: 'unstake', target: validatorAt('b'), amountMicro: 1n });
  expect(quorum('a', 'b')).toBe(false);
  expect(quorum('a', 'c')).toBe(true);
});

test('who leaves counts on neither side', () => {
  stage.must('alice', { kind: 'deregister', target: validatorAt('c') });
  expect(quorum('a', 'b')).toBe(true);
  expect(quorum('a', 'c')).toBe(false);
});

test('who is offline holds nobody up, but an outage never lets a third of all stake decide alone', () => {
  stage.validators = ['a', 'b'];
  stage.pass(offlineEpochs + 1);
  // c signed nothing: a and b are all of what is online.
  expect(quorum('a', 'b')).toBe(true);
  expect(quorum('a')).toBe(false);
  stage.must('alice', { kind: 'stake', target: validatorAt('a'), amountMicro: 100n });
  stage.pass();
  const { state } = stage;
  for (const name of ['b', 'c'])
    state.validators.set(nodeOf(name), { ...state.validators.get(nodeOf(name))!, activeEpoch: 0 });
  // 400 of 1,000 are online: alone they are more than a third of all.
  expect(quorum('a')).toBe(true);
  stage.must('alice', { kind: 'unstake', target: validatorAt('a'), amountMicro: 100n });
  // 300 of 900 are not.
  expect(quorum('a')).toBe(false);
  // Who comes back is counted at once.
  expect(quorum('a', 'b')).toBe(true);
});
