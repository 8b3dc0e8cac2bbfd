import { beforeEach, describe, expect, test } from 'vitest';
import { LEDGER_LIMITS } from '../../../src/fields/limits.ts';
import { applyTransaction } from '../../../src/ledger/apply.ts';
import { accountOf } from '../../../src/ledger/state/state.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import { attendanceOf } from '../../../src/ledger/validators/attendance.ts';
import { isQuorum } from '../../../src/ledger/validators/quorum.ts';
import {
  endEpoch,
  genesis,
  heartbeat,
  idOf,
  MARKET,
  nodeOf,
  registerValidator,
  settle,
  settlementBody,
} from '../ledger-fixture.ts';
import { Stage, validatorAt } from '../ledger-stage.ts';

let stage: Stage;
const { answerMs, seatEpochs, epochMs } = genesis().rules;
const signersOf = (...names: string[]) => names.map((name) => ({ node: nodeOf(name) }));
const quorum = (...names: string[]) => isQuorum(stage.state, signersOf(...names));
const network = () => stage.state.network.get('network')!;
const validator = (name: string) => stage.state.validators.get(nodeOf(name))!;
const attendance = (name: string) => attendanceOf(validator(name));

/** The next roll call that may be made, answered by these. */
function callRoll(...answering: string[]): void {
  const { rollCall, epochStartedMs } = network();
  const atMs = Math.max(rollCall.atMs + answerMs, epochStartedMs);
  stage.must('treasury', { kind: 'rollCall', atMs });
  stage.beat(...answering);
}

/** So that exactly those are absent who do not answer. */
function onlyThere(...answering: string[]): void {
  callRoll(...answering);
  callRoll(...answering);
}

/** What a market with these validators alive can do next: everything that a quorum is needed for. */
const settlement = (...signers: string[]): Action =>
  settle(
    settlementBody(stage.state, { client: 'bob', gateway: 'g', to: 'carol', orders: 1, chargeMicro: 1n }),
    ...signers,
  );

const register = (stakes: Readonly<Record<string, bigint>>): void => {
  for (const [name, stake] of Object.entries(stakes))
    stage.must('alice', registerValidator('alice', name, stake));
};
/** Registered by somebody who starts nothing. */
const registerIdle = (name: string, stake: bigint): void => {
  expect(stage.act('carol', registerValidator('carol', name, stake))).toEqual({ applied: true });
};

beforeEach(() => {
  stage = new Stage();
  stage.must('bob', { kind: 'lock', market: MARKET, gateway: nodeOf('g'), amountMicro: 1_000n });
});

describe('a quorum', () => {
  test('is two thirds of the stake; less is none, and nobody counts twice', () => {
    register({ a: 300n, b: 300n, c: 300n });
    expect(quorum('a', 'b')).toBe(true);
    expect(quorum('a')).toBe(false);
    expect(quorum('a', 'a', 'a')).toBe(false);
    expect(quorum('a', 'stranger')).toBe(false);
    expect(quorum()).toBe(false);
    stage.must('alice', { kind: 'unstake', target: validatorAt('b'), amountMicro: 1n });
    expect(quorum('a', 'b')).toBe(false);
    expect(quorum('a', 'c')).toBe(true);
  });

  test('counts who leaves on neither side', () => {
    register({ a: 300n, b: 300n, c: 300n });
    stage.must('alice', { kind: 'deregister', target: validatorAt('c') });
    expect(quorum('a', 'b')).toBe(true);
    expect(quorum('a', 'c')).toBe(false);
  });

  test('does not count a registration that never gave a sign of life, however large', () => {
    register({ a: 100n, b: 100n, c: 100n });
    registerIdle('idle', 100_000n);
    expect(attendance('idle')).toBe('new');
    stage.must('bob', settlement('a', 'b'));
    stage.must('bob', endEpoch(stage.state, 'a', 'b'));
    // Its signature alone decides nothing either: it must say before that it is there.
    expect(quorum('idle')).toBe(false);
    stage.beat('idle');
    expect(quorum('a', 'b', 'c')).toBe(false);
    expect(quorum('idle')).toBe(true);
  });
});

describe.each([
  ['a third', 150n],
  ['half', 300n],
])('with %s of the stake gone', (_, goneMicro) => {
  test('settlements and epochs go on after two roll calls, whatever epoch it is; who comes back counts', () => {
    register({ a: 100n, b: 100n, c: 100n, gone: goneMicro + 1n });
    stage.refuses('bob', settlement('a', 'b', 'c'), 'no-quorum');
    expect(stage.act('bob', endEpoch(stage.state, 'a', 'b', 'c'))).toMatchObject({
      message: expect.stringContaining('Missing: gone ('),
    });
    callRoll('a', 'b', 'c');
    // It has time to answer, and no call before that counts.
    stage.refuses(
      'treasury',
      { kind: 'rollCall', atMs: network().rollCall.atMs + answerMs - 1 },
      'too-early',
    );
    stage.refuses('bob', settlement('a', 'b', 'c'), 'no-quorum');
    callRoll('a', 'b', 'c');
    expect(attendance('gone')).toBe('absent');
    expect(network().epoch).toBe(1);
    stage.must('bob', settlement('a', 'b', 'c'));
    stage.must('bob', endEpoch(stage.state, 'a', 'b', 'c'));
    // Its signature under a settlement of the others is a sign of life, too.
    stage.must('bob', settlement('a', 'b', 'c', 'gone'));
    expect(attendance('gone')).toBe('present');
    stage.refuses('bob', settlement('a', 'b'), 'no-quorum');
    stage.must('bob', settlement('a', 'b', 'c', 'gone'));
  });
});

describe('with all but one of the stake gone', () => {
  beforeEach(() => {
    register({ a: 100n, b: 400n, c: 500n });
    onlyThere('a');
  });

  test('it settles nothing alone, and the refusal says who must come back', () => {
    expect(stage.act('bob', settlement('a'))).toMatchObject({
      code: 'no-quorum',
      message: expect.stringMatching(/Absent: c \(.*\), b \(/),
    });
    stage.refuses('bob', endEpoch(stage.state, 'a'), 'no-quorum');
    stage.beat('b');
    stage.must('bob', settlement('a', 'b'));
  });

  test('the treasury ends epochs with it, and the others lose their seats in a bounded time', () => {
    stage.validators = ['a'];
    stage.pass(seatEpochs - 1);
    stage.refuses('bob', settlement('a'), 'no-quorum');
    stage.pass();
    stage.must('bob', settlement('a'));
    // Without a seat there is no permit to rank either.
    stage.pass();
    expect(stage.state.rankings.get(MARKET)!.permits).toEqual([nodeOf('a')]);
    // And back again: with its first sign of life.
    stage.beat('c');
    stage.refuses('bob', settlement('a'), 'no-quorum');
    stage.must('bob', settlement('a', 'c'));
  });

  test('the treasury cannot leave the one that is there out', () => {
    stage.refuses('treasury', endEpoch(stage.state), 'no-quorum');
    stage.refuses('treasury', endEpoch(stage.state, 'b', 'c'), 'no-quorum');
  });
});

test('where all are gone the treasury ends epochs alone, and nothing settles', () => {
  register({ a: 100n, b: 400n });
  stage.refuses('treasury', endEpoch(stage.state), 'no-quorum');
  onlyThere();
  stage.refuses('bob', endEpoch(stage.state), 'no-quorum');
  stage.pass(seatEpochs + 1);
  stage.refuses('bob', settlement('a', 'b'), 'no-quorum');
  // An only survivor that comes back finds nobody whose seat it would have to respect.
  stage.beat('a');
  stage.must('bob', settlement('a'));
});

describe('a roll call', () => {
  beforeEach(() => register({ a: 100n, b: 100n }));

  test('is the treasury’s', () => {
    stage.refuses('alice', { kind: 'rollCall', atMs: answerMs }, 'not-authorised');
  });

  test('makes nobody absent who did anything since the last one', () => {
    callRoll();
    stage.must('bob', settlement('a', 'b'));
    callRoll();
    expect([attendance('a'), attendance('b')]).toEqual(['present', 'present']);
  });

  test('after a clock was set back makes nobody absent, and time counts from it', () => {
    callRoll();
    const { atMs } = network().rollCall;
    stage.must('treasury', { kind: 'rollCall', atMs: atMs - 1 });
    expect([attendance('a'), attendance('b')]).toEqual(['present', 'present']);
    stage.refuses('treasury', { kind: 'rollCall', atMs: atMs - 2 + answerMs }, 'too-early');
    stage.must('treasury', { kind: 'rollCall', atMs: atMs - 1 + answerMs });
    expect([attendance('a'), attendance('b')]).toEqual(['absent', 'absent']);
    expect(validator('a').absent).toEqual({ sinceEpoch: 1, sinceMs: 0 });
  });
});

describe('a heartbeat', () => {
  beforeEach(() => register({ a: 100n }));
  const beats = (name: string, call: number) => {
    const tx = { ...heartbeat(stage.state, name), call } as ReturnType<typeof heartbeat>;
    return applyTransaction(stage.state, tx);
  };

  test('counts once a call, for the last one only: none can be kept back for later, none fills the ledger', () => {
    expect(beats('a', 0)).toMatchObject({ code: 'limit-reached' });
    callRoll();
    expect(beats('a', 0)).toMatchObject({ code: 'too-late' });
    expect(beats('a', 2)).toMatchObject({ code: 'too-late' });
    expect(beats('a', 1)).toEqual({ applied: true });
    expect(beats('a', 1)).toMatchObject({ code: 'limit-reached' });
  });

  test('is a validator’s own', () => {
    expect(beats('stranger', 0)).toMatchObject({ code: 'not-authorised' });
    stage.must('alice', { kind: 'deregister', target: validatorAt('a') });
    expect(beats('a', 0)).toMatchObject({ code: 'node-leaving' });
  });
});

describe('a full table of validators', () => {
  const fill = (count: number): void => {
    for (let index = 0; index < count; index += 1) registerIdle(`idle-${index}`, 100n + BigInt(index));
  };

  test('makes room for a newcomer where a place is kept by nobody', () => {
    register({ a: 100n, b: 100n });
    fill(LEDGER_LIMITS.validators - 2);
    const newcomer = registerValidator('bob', 'newcomer', 100n);
    stage.refuses('bob', newcomer, 'limit-reached');
    stage.validators = ['a', 'b'];
    stage.pass(seatEpochs);
    stage.must('bob', newcomer);
    // The one with the least stake gets it back when the unbonding is over, unpunished.
    expect(attendance('idle-0')).toBe('leaving');
    expect(attendance('idle-1')).toBe('new');
    const before = accountOf(stage.state, idOf('carol')).balanceMicro;
    stage.pass(network().rules.unbondingEpochs);
    expect(accountOf(stage.state, idOf('carol')).balanceMicro).toBe(before + 100n);
    expect(network().validatorCount).toBe(LEDGER_LIMITS.validators);
  });

  test('but not where those who keep them are there', () => {
    stage = new Stage({ rules: { ...genesis().rules, seatEpochs: 1 } });
    register({ a: 100n });
    fill(LEDGER_LIMITS.validators - 1);
    const others = Array.from({ length: LEDGER_LIMITS.validators - 1 }, (_, index) => `idle-${index}`);
    stage.beat(...others);
    stage.validators = ['a', ...others];
    stage.pass(2);
    stage.refuses('bob', registerValidator('bob', 'newcomer', 1_000n), 'limit-reached');
  });
});

describe('the end of an epoch', () => {
  const day = 86_400_000;
  const end = (atMs: number, ...signers: string[]): Action => ({
    ...(endEpoch(stage.state, ...signers) as Extract<Action, { kind: 'endEpoch' }>),
    atMs,
  });
  beforeEach(() => register({ a: 100n }));

  test('more than 30 days late needs the treasury’s word: one wrong clock would freeze the next for as long', () => {
    const late = epochMs + 30 * day;
    stage.refuses('bob', end(late + 1, 'a'), 'not-authorised');
    stage.must('bob', end(late, 'a'));
    stage.refuses('treasury', end(2 * late + 1), 'no-quorum');
    stage.must('treasury', end(2 * late + 1 + 3650 * day, 'a'));
  });

  test('before it began sets a wrong time right, by the treasury’s word and the validators’', () => {
    const future = 3650 * day;
    stage = new Stage({ atMs: future - epochMs });
    register({ a: 100n });
    stage.must('treasury', end(future, 'a'));
    const right = 2 * epochMs;
    stage.refuses('bob', end(right, 'a'), 'too-early');
    stage.refuses('treasury', end(right), 'no-quorum');
    // Not to end epochs faster: the ledger must be ahead of honest clocks.
    stage.refuses('treasury', end(future - 120_000, 'a'), 'too-early');
    stage.must('treasury', end(right, 'a'));
    expect(network()).toMatchObject({ epoch: 3, epochStartedMs: right });
    // What is done from now on can be punished.
    expect(network().liability.since.atMs).toBeLessThanOrEqual(right);
    expect(stage.state.markets.get(MARKET)!.createdMs).toBeLessThanOrEqual(right);
    stage.refuses('treasury', end(right + epochMs - 1, 'a'), 'too-early');
    stage.must('bob', end(right + epochMs, 'a'));
  });
});
