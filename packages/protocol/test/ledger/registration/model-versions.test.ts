import type { MarketId } from '@market-of-experts/core';
import { beforeEach, expect, test } from 'vitest';
import { isProvingVersion } from '../../../src/ledger/registration/model-versions.ts';
import { signConsent } from '../../../src/ledger/transaction/authority.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import { typedDataOf } from '../../../src/ledger/transaction/typed-transaction.ts';
import type { ModelVersion } from '../../../src/statements/model-version.ts';
import { versionOf } from '../../statements/statement-fixture.ts';
import { idOf, keysOf, MARKET, NETWORK, nodeOf, registerExpert, transactionFrom } from '../ledger-fixture.ts';
import { type Play, play } from '../play-fixture.ts';

const numbered = (number: number): ModelVersion => versionOf({ class: 'float32' }, number);
const set = (version: ModelVersion, node = 'star'): Action => ({
  kind: 'setModelVersion',
  market: MARKET,
  node: nodeOf(node),
  version,
});
let g: Play;
beforeEach(() => {
  g = play((tx) => ({ ...tx, rules: { ...tx.rules, unbondingEpochs: 2 } }));
  g.must('alice', { ...registerExpert('alice', 'star', 1_000n), version: numbered(0) } as Action);
});
const versions = () => g.expert('star').versions!.map(({ version, fromEpoch }) => [version.model, fromEpoch]);
const proving = () => isProvingVersion(g.expert('star'), g.network().epoch);

test('the first version comes with the registration, without probation; each change has a short one', () => {
  expect(versions()).toEqual([[numbered(0).model, 1]]);
  expect(proving()).toBe(false);
  g.endEpoch();
  g.must('alice', set(numbered(1)));
  expect(versions()).toEqual([
    [numbered(0).model, 1],
    [numbered(1).model, 2],
  ]);
  expect(proving()).toBe(true);
  g.endEpoch();
  expect(proving()).toBe(true);
  g.endEpoch();
  expect(proving()).toBe(false);
});

test('who registered without one may say what it is later, without probation', () => {
  g.must('alice', registerExpert('alice', 'silent', 1_000n));
  expect(g.expert('silent').versions).toBeUndefined();
  g.must('alice', set(numbered(1), 'silent'));
  expect(isProvingVersion(g.expert('silent'), 0)).toBe(false);
});

test('only the owner sets it, of a node that serves in a market that is there', () => {
  g.refuse('bob', set(numbered(1)), 'not-authorised');
  g.refuse('alice', set(numbered(1), 'nobody'), 'unknown-node');
  g.refuse('alice', { ...set(numbered(1)), market: 'nowhere' as MarketId } as Action, 'unknown-node');
  g.must('alice', { kind: 'deregister', target: { role: 'expert', market: MARKET, node: nodeOf('star') } });
  g.refuse('alice', set(numbered(1)), 'node-leaving');
});

test('no version comes back while statements under it can be punished: a fresh text key makes another', () => {
  g.refuse('alice', set(numbered(0)), 'already-registered');
  g.must('alice', set(numbered(1)));
  g.refuse('alice', set(numbered(0)), 'already-registered');
  g.must('alice', set({ ...numbered(0), textKey: numbered(7).textKey }));
});

test('the history is bounded, and what can be punished is never dropped from it', () => {
  for (let number = 1; number < 8; number++) g.must('alice', set(numbered(number)));
  g.refuse('alice', set(numbered(8)), 'limit-reached');
  expect(versions()).toHaveLength(8);
  // Every step of what can be punished is more than an unbonding long; after two, all but the version in force are past.
  for (let epoch = 0; epoch < 3; epoch++) g.endEpoch();
  g.refuse('alice', set(numbered(8)), 'limit-reached');
  for (let epoch = 0; epoch < 3; epoch++) g.endEpoch();
  expect(g.network().liability.since.epoch).toBeGreaterThan(1);
  g.must('alice', set(numbered(8)));
  expect(versions()).toEqual([
    [numbered(7).model, 1],
    [numbered(8).model, 7],
  ]);
});

test('the history goes with the registration to a new key', () => {
  const before = versions();
  g.must('alice', {
    kind: 'rotate',
    target: { role: 'expert', market: MARKET, node: nodeOf('star') },
    next: nodeOf('fresh'),
    consent: signConsent(keysOf('fresh'), NETWORK, idOf('alice')),
  });
  expect(g.expert('fresh').versions!.map(({ version, fromEpoch }) => [version.model, fromEpoch])).toEqual(
    before,
  );
});

test('a wallet shows what it is about', () => {
  const { message, types } = typedDataOf(transactionFrom(g.state, 'alice', set(numbered(3))));
  expect(message).toMatchObject({ model: `0x${numbered(3).model}`, runtime: 'float32', dimensions: 4 });
  expect(types.SetModelVersion!.map(({ name }) => name)).toContain('versionHash');
});
