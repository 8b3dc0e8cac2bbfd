import { type MarketId, sha256 } from '@market-of-experts/core';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { signConsent } from '../../../src/ledger/transaction/authority.ts';
import type { Misconduct } from '../../../src/ledger/transaction/misconduct.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import type { ModelVersion } from '../../../src/statements/model-version.ts';
import type { ShownStatement, StatementListBody } from '../../../src/statements/statement-list.ts';
import { modelVersionHash } from '../../../src/statements/version-hash.ts';
import { quantise } from '../../../src/tasks/embedding/vector.ts';
import { answerOf, stated, versionOf } from '../../statements/statement-fixture.ts';
import { fixtureTerms, idOf, keysOf, MARKET, NETWORK, nodeOf, registerExpert } from '../ledger-fixture.ts';
import type { Play } from '../play-fixture.ts';
import { accusedPlay, evidence, holds, signersOf } from './evidence-fixture.ts';

const numbered = (number: number): ModelVersion => versionOf({ class: 'float32' }, number);
const setVersion = (number: number, node = 'star', market = MARKET): Action => ({
  kind: 'setModelVersion',
  market,
  node: nodeOf(node),
  version: numbered(number),
});
/** What `star` says in a list of its own about one text, under version 1 in epoch 1 unless it is said otherwise. */
const says = (
  vector: readonly number[],
  changes: Partial<StatementListBody> = {},
  by = 'star',
  text = 'a text',
) =>
  stated([answerOf('other', [1, 2, 3, 4]), answerOf(text, vector)], 1, { epoch: 1, ...changes }, keysOf(by));
const proofOf = (a: ShownStatement, b: ShownStatement, version = numbered(1)): Misconduct => ({
  kind: 'contradiction',
  version,
  statements: [a, b],
});
const [north, east] = [
  [32_767, 0, 0, 0],
  [0, 32_767, 0, 0],
];
const elsewhere = 'other-market' as MarketId;
let g: Play;
beforeEach(() => {
  g = accusedPlay((tx) => ({ ...tx, rules: { ...tx.rules, unbondingEpochs: 2 } }));
  g.must('alice', setVersion(1));
});

describe('two vectors for one text under one version', () => {
  test('cost half of the stake, once: a tenth of it goes to the reporter, the rest to nobody', () => {
    const before = g.balance('bob');
    g.must('bob', evidence(proofOf(says(north), says(east))));
    expect(g.expert('star').stakeMicro).toBe(500n);
    expect(g.balance('bob')).toBe(before + 50n);
    expect([g.market().poolMicro, g.network().burntMicro]).toEqual([0n, 451n]);
    expect([...g.state.offences.values()]).toMatchObject([
      { kind: 'contradiction', subject: says(north).text, amountMicro: 501n, rewardMicro: 50n },
    ]);
    g.refuse('carol', evidence(proofOf(says(east), says(north))), 'already-punished');
    const another = (vector: readonly number[]) => says(vector, {}, 'star', 'b text');
    g.refuse('carol', evidence(proofOf(another(north), another(east))), 'already-punished');
  });

  test('must both be signed by the node', () => {
    const proof = proofOf(says(north), says(east));
    expect(signersOf(g, proof)).toEqual([nodeOf('star'), nodeOf('star')]);
    const forged = says(east, { node: nodeOf('star') }, 'stranger');
    expect(holds(g, proofOf(says(north), forged))).toBe(false);
    const { list } = says(east);
    const redated = { ...says(east), list: { ...list, body: { ...list.body, epoch: 2 } } };
    expect(holds(g, proofOf(says(north), redated))).toBe(false);
  });

  test('are punished for a version that was left since, and for a key that was replaced', () => {
    g.must('alice', setVersion(2));
    g.must('alice', {
      kind: 'rotate',
      target: { role: 'expert', market: MARKET, node: nodeOf('star') },
      next: nodeOf('fresh'),
      consent: signConsent(keysOf('fresh'), NETWORK, idOf('alice')),
    });
    g.must('bob', evidence(proofOf(says(north), says(east))));
    expect(g.expert('fresh').stakeMicro).toBe(500n);
  });

  test('are dated by the later of the two, and not by a time that is past or has not come', () => {
    for (let epoch = 0; epoch < 6; epoch++) g.endEpoch('v1', 'v2', 'v3');
    expect(g.network().liability.since.epoch).toBeGreaterThan(1);
    g.refuse('bob', evidence(proofOf(says(north), says(east))), 'too-late');
    g.refuse('bob', evidence(proofOf(says(north), says(east, { epoch: 8 }))), 'too-early');
    g.must('bob', evidence(proofOf(says(north), says(east, { epoch: 7 }))));
  });
});

describe('nothing is proven', () => {
  test('in another network or market, or by statements of two of them', () => {
    g.must('carol', { kind: 'createMarket', market: elsewhere, terms: fixtureTerms() });
    g.must('alice', { ...registerExpert('alice', 'star', 900n), market: elsewhere } as Action);
    g.must('alice', setVersion(1, 'star', elsewhere));
    const here = proofOf(says(north), says(east));
    g.refuse('bob', { ...evidence(here), market: elsewhere } as Action, 'invalid-evidence');
    const [foreign, abroad] = [{ market: elsewhere }, { network: 'other-net' }];
    for (const changes of [foreign, abroad]) {
      g.refuse('bob', evidence(proofOf(says(north, changes), says(east, changes))), 'invalid-evidence');
      g.refuse('bob', evidence(proofOf(says(north), says(east, changes))), 'invalid-evidence');
    }
  });

  test('about a version that the registration never had, or that no market knows', () => {
    const under = (number: number) => ({ version: modelVersionHash(numbered(number)) });
    const unknown = proofOf(says(north, under(2)), says(east, under(2)), numbered(2));
    g.refuse('bob', evidence(unknown), 'invalid-evidence');
    g.must('alice', registerExpert('alice', 'silent', 1_000n));
    const silent = proofOf(says(north, {}, 'silent'), says(east, {}, 'silent'));
    g.refuse('bob', evidence(silent), 'invalid-evidence');
    g.refuse('bob', evidence(proofOf(says(north, {}, 'who'), says(east, {}, 'who'))), 'unknown-node');
  });

  test('about what was said in a market that had this name before', () => {
    const market = elsewhere;
    const said = proofOf(says(north, { market }), says(east, { market }));
    g.must('carol', { kind: 'createMarket', market, terms: fixtureTerms() });
    g.must('alice', { ...registerExpert('alice', 'star', 900n), market } as Action);
    // The operator makes a fresh text key for every registration, so the version is another one.
    g.must('alice', setVersion(5, 'star', market));
    g.refuse('bob', { ...evidence(said), market } as Action, 'invalid-evidence');
  });

  test('by a stricter or looser class than the one that was signed', () => {
    const nearly = north.with(1, 100);
    const strict = { ...numbered(1), runtime: { class: 'exact' } as const };
    g.refuse('bob', evidence(proofOf(says(north), says(nearly), strict)), 'invalid-evidence');
    g.refuse('bob', evidence(proofOf(says(north), says(nearly))), 'invalid-evidence');
  });
});

test('an honest node is never guilty, whatever of its statements is put together, over versions that it changed openly', () => {
  const texts = ['a', 'b', 'c'];
  const dimensions = 64;
  const bytesOf = (seed: string) => [
    ...Array.from({ length: 2 }, (_, at) => sha256(Buffer.from(`${seed}/${at}`))),
  ];
  /** The function that a version is: a unit vector a text. */
  const exact = (version: number, text: string): Float32Array => {
    const raw = bytesOf(`${version}/${text}`)
      .flatMap((bytes) => [...bytes])
      .map((byte) => byte - 127.5);
    const length = Math.sqrt(raw.reduce((sum, value) => sum + value * value, 0));
    return Float32Array.from(raw, (value) => value / length);
  };
  const said = fc.record({
    version: fc.constantFrom(1, 2, 3),
    text: fc.constantFrom(...texts),
    epoch: fc.integer({ min: 1, max: 2 }),
    // Each number off by so much that 1 − cosine of two answers stays below half of the tolerance.
    wobble: fc.array(fc.integer({ min: -9, max: 9 }), { minLength: dimensions, maxLength: dimensions }),
  });
  const kinds = new Set<string>();
  fc.assert(
    fc.property(fc.array(said, { minLength: 2, maxLength: 8 }), (sayings) => {
      const h = accusedPlay();
      for (const number of [1, 2, 3]) h.must('alice', setVersion(number));
      h.endEpoch('v1', 'v2', 'v3');
      const shown = sayings.map(({ version, text, epoch, wobble }) => {
        const vector = exact(version, text).map((value, index) => value + wobble[index]! * 1e-5);
        const answer = answerOf(text, [...quantise(vector)], version);
        return stated([answer], 0, { epoch, version: modelVersionHash(numbered(version)) }, keysOf('star'));
      });
      for (const a of shown)
        for (const b of shown)
          for (const version of [1, 2, 3]) {
            h.refuse('bob', evidence(proofOf(a, b, numbered(version))), 'invalid-evidence');
            kinds.add(`${a.list.body.version === b.list.body.version} ${a.text === b.text}`);
          }
      expect(h.expert('star').stakeMicro).toBe(1_001n);
    }),
    { numRuns: 15 },
  );
  expect(kinds.size).toBeGreaterThan(2);
});
