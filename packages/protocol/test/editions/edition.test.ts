import { hashOf, type MarketId, type NodeId } from '@market-of-experts/core';
import { describe, expect, it } from 'vitest';
import {
  type Edition,
  editionBytes,
  editionHash,
  editionName,
  editionSchema,
  parseEditionName,
  readEdition,
} from '../../src/editions/edition.ts';
import { changedParts, problemOfSuccessor } from '../../src/editions/succession.ts';

const node = (name: string): NodeId => hashOf('test/node', name) as string as NodeId;
const part = (name: string, weightSteps = 2, version = 1): Edition['parts'][number] => ({
  node: node(name),
  modelVersion: hashOf('test/model', [name, version]),
  dimensions: 384,
  weightSteps,
});
const first: Edition = {
  network: 'embedded-3f9c',
  market: 'texts' as MarketId,
  number: 1,
  previous: null,
  parts: [part('a'), part('b', 5)],
  places: { encoder: 'minilm-l6', hash: hashOf('test/places', 0) },
  gate: [
    { place: 3, weightSteps: [2, 0] },
    { place: 9, weightSteps: [1, 8] },
  ],
  windowCharacters: 1_000,
  projectionSeed: hashOf('test/seed', 0),
  fromEpoch: 10,
  toEpoch: 30,
  evidence: hashOf('test/evidence', 0),
};
const isEdition = (change: Record<string, unknown>): boolean =>
  editionSchema.safeParse({ ...first, ...change }).success;

describe('an edition', () => {
  it('is read back from its bytes, and any change changes its hash', () => {
    expect(readEdition(editionBytes(first))).toEqual(first);
    const reordered: Edition = { ...first, parts: first.parts.toReversed() };
    const others = [reordered, { ...first, number: 2 }, { ...first, parts: [part('a'), part('b', 4)] }];
    expect(new Set([first, ...others].map(editionHash)).size).toBe(4);
  });

  it('has a name that can be read', () => {
    expect(editionName(first)).toBe('texts@1');
    expect(parseEditionName('texts@1')).toEqual({ market: 'texts', number: 1 });
    for (const name of ['texts', 'texts@', 'texts@0', 'texts@01', 'texts@1.5', 'texts@-1', 'Texts@1', '@1'])
      expect(parseEditionName(name)).toBeUndefined();
    expect(parseEditionName('texts@999999999999999')).toBeUndefined();
    expect(parseEditionName('a@b@1')).toBeUndefined();
  });

  it('is none with wrong sizes, doubled or disordered parts', () => {
    expect(isEdition({})).toBe(true);
    expect(isEdition({ parts: [] })).toBe(false);
    expect(isEdition({ parts: Array.from({ length: 9 }, (_, at) => part(`n${at}`)), gate: [] })).toBe(false);
    expect(isEdition({ parts: [part('a'), part('a', 3)] })).toBe(false);
    expect(isEdition({ parts: [part('a', 0), part('b')] })).toBe(false);
    expect(isEdition({ parts: [part('a', 0.5), part('b')] })).toBe(false);
    expect(isEdition({ parts: [{ ...part('a'), dimensions: 4_097 }, part('b')] })).toBe(false);
    expect(isEdition({ gate: first.gate.toReversed() })).toBe(false);
    expect(isEdition({ gate: [{ place: 1, weightSteps: [1] }] })).toBe(false);
    expect(isEdition({ gate: [{ place: 1, weightSteps: [0, 0] }] })).toBe(false);
    expect(isEdition({ places: null })).toBe(false);
    expect(isEdition({ places: null, gate: [] })).toBe(true);
    expect(isEdition({ toEpoch: 10 })).toBe(false);
    expect(isEdition({ number: 2 })).toBe(false);
    expect(isEdition({ previous: first.evidence })).toBe(false);
    expect(isEdition({ more: 1 })).toBe(false);
  });
});

describe('the next edition', () => {
  const next: Edition = {
    ...first,
    number: 2,
    previous: editionHash(first),
    parts: [part('a'), part('b', 6), part('c')],
    gate: [],
    fromEpoch: 15,
    toEpoch: 60,
  };

  it('names the one before, of the same market, and begins no sooner', () => {
    expect(problemOfSuccessor(first, next)).toBeUndefined();
    expect(problemOfSuccessor(first, { ...next, fromEpoch: 9 })).toContain('does not begin before');
    expect(problemOfSuccessor({ ...first, fromEpoch: 9 }, next)).toContain('names its hash');
    expect(problemOfSuccessor(first, { ...next, number: 3 })).toContain('followed by number 2');
    expect(problemOfSuccessor(first, { ...next, market: 'other' as MarketId })).toContain('same network');
  });

  it('keeps the order of the parts that stay', () => {
    expect(problemOfSuccessor(first, { ...next, parts: [part('b'), part('c')] })).toBeUndefined();
    expect(problemOfSuccessor(first, { ...next, parts: [part('c'), part('a')] })).toContain('come last');
    expect(problemOfSuccessor(first, { ...next, parts: [part('b'), part('a')] })).toContain(
      'keep their order',
    );
  });

  it('says which parts of stored vectors must be made anew', () => {
    expect(changedParts(first, next).map((each) => each.node)).toEqual([node('c')]);
    expect(changedParts(first, { ...next, parts: [part('a', 9), part('b', 1)] })).toEqual([]);
    expect(
      changedParts(first, { ...next, parts: [part('a', 2, 2), part('b')] }).map((each) => each.node),
    ).toEqual([node('a')]);
  });
});
