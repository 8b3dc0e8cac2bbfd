import { hashOf, type MarketId } from '@moe/core';
import { beforeEach, expect, test } from 'vitest';
import { type Reveal, type RevealBody, sealFull, sealKept, signReveal } from '../job/messages.ts';
import { float32Bytes, int16Bytes } from '../scoring/vector.ts';
import { accusedPlay, evidence, holds, orderBody, sealed, signersOf } from './evidence-fixture.ts';
import { fixtureTerms, keysOf, nodeOf, registerExpert } from './ledger-fixture.ts';
import type { Misconduct } from './misconduct.ts';
import type { Play } from './play-fixture.ts';
import type { Action } from './transaction.ts';

const order = orderBody();
const author = {
  job: sealed(order, hashOf('test/seal', 0)).body.job,
  principal: nodeOf('star'),
  worker: nodeOf('star'),
};
const kept = Int16Array.from([1, 2, 3, 4]);
const pieces = [Int16Array.from([5, 6, 7, 8])];
const full = Float32Array.from([0.5, 0.5, 0.5, 0.5]);
const salt = new Uint8Array(16);
const opened: RevealBody = {
  ...author,
  kept: int16Bytes(kept),
  keptSalt: salt,
  pieces: pieces.map(int16Bytes),
  full: float32Bytes(full),
  fullSalt: salt,
};
const seals = { sealed: sealKept(author, kept, salt), full: sealFull(author, pieces, full, salt) };
const proofOf = (stage: 'sealed' | 'full', changes: Partial<RevealBody> = {}, by = 'star'): Misconduct => ({
  kind: 'reveal',
  order,
  commit: sealed(order, seals[stage], stage),
  reveal: signReveal(keysOf(by), { ...opened, ...changes }),
});

let g: Play;
beforeEach(() => {
  g = accusedPlay();
});

test.each<[string, Misconduct]>([
  ['another kept half', proofOf('sealed', { kept: int16Bytes(Int16Array.from([9, 2, 3, 4])) })],
  ['another salt', proofOf('sealed', { keptSalt: new Uint8Array([1]) })],
  ['other pieces', proofOf('full', { pieces: [int16Bytes(kept)] })],
  ['a piece more', proofOf('full', { pieces: [...opened.pieces, int16Bytes(kept)] })],
  ['another vector to deliver', proofOf('full', { full: float32Bytes(Float32Array.from([1, 0, 0, 0])) })],
  ['bytes that are no vector of int16', proofOf('sealed', { kept: new Uint8Array(3) })],
  ['bytes that are no vector of float32', proofOf('full', { full: new Uint8Array(6) })],
])('a reveal with %s costs a twentieth, once', (_, proof) => {
  const before = g.balance('bob');
  g.must('bob', evidence(proof));
  expect(g.expert('star').stakeMicro).toBe(951n);
  expect(g.balance('bob')).toBe(before + 5n);
  expect([...g.state.offences.values()]).toMatchObject([{ kind: 'wrong-reveal', subject: author.job }]);
  g.refuse('carol', evidence(proof), 'already-punished');
  expect(signersOf(g, proof)).toEqual([nodeOf('star'), nodeOf('star')]);
});

test.each<[string, Misconduct]>([
  ['that opens the first seal', proofOf('sealed')],
  ['that opens the second', proofOf('full')],
  ['whose other half is wrong', proofOf('sealed', { fullSalt: new Uint8Array([1]) })],
  [
    'of another job',
    proofOf('sealed', {
      job: sealed(orderBody({ clientSeq: 1 }), seals.sealed).body.job,
      kept: new Uint8Array(8),
    }),
  ],
  ['for another member', proofOf('sealed', { principal: nodeOf('p1'), kept: new Uint8Array(8) })],
  ['of another worker', proofOf('sealed', { worker: nodeOf('p1'), kept: new Uint8Array(8) })],
])('a reveal %s proves nothing', (_, proof) => {
  g.refuse('bob', evidence(proof), 'invalid-evidence');
});

test('counts in the network and the market of its job only', () => {
  const elsewhere = 'other-market' as MarketId;
  g.must('carol', { kind: 'createMarket', market: elsewhere, terms: fixtureTerms() });
  g.must('alice', { ...registerExpert('alice', 'star', 900n), market: elsewhere } as Action);
  const proof = proofOf('sealed', { kept: new Uint8Array(8) });
  g.refuse('bob', { ...evidence(proof), market: elsewhere } as Action, 'invalid-evidence');
  g.refuse(
    'bob',
    evidence({ ...proof, order: orderBody({ clientSeq: 1 }) } as Misconduct),
    'invalid-evidence',
  );
  const foreign = orderBody({ network: 'other-net' });
  const { job } = sealed(foreign, seals.sealed).body;
  g.refuse(
    'bob',
    evidence({
      kind: 'reveal',
      order: foreign,
      commit: sealed(foreign, seals.sealed),
      reveal: signReveal(keysOf('star'), { ...opened, job, kept: new Uint8Array(8) }),
    }),
    'invalid-evidence',
  );
});

test('must be signed by its worker, like the commit: nobody else makes a reveal that costs him stake', () => {
  const good = proofOf('sealed', { kept: new Uint8Array(8) });
  expect(holds(g, good)).toBe(true);
  expect(holds(g, proofOf('sealed', { kept: new Uint8Array(8) }, 'p1'))).toBe(false);
  const { reveal } = good as { readonly reveal: Reveal };
  expect(holds(g, { ...good, reveal: { ...reveal, kept: new Uint8Array(10) } } as Misconduct)).toBe(false);
  // A commit by another in the worker's name.
  const forged = { ...sealed(order, seals.sealed, 'sealed', 'p1', 'star'), by: nodeOf('star') };
  expect(holds(g, { ...good, commit: forged } as Misconduct)).toBe(false);
  // A commit that its author made in another's name accuses nobody.
  const others = sealed(order, seals.sealed, 'sealed', 'p1');
  const named = { ...others, body: { ...others.body, worker: nodeOf('star'), principal: nodeOf('star') } };
  g.refuse('bob', evidence({ ...good, commit: named } as Misconduct), 'invalid-evidence');
});
