import { hashOf, MoeError } from '@market-of-experts/core';
import { defaultTerms, embeddedParameters, type MarketTerms } from '@market-of-experts/protocol';
import { describe, expect, it } from 'vitest';
import { readTerms } from '../../src/terms/read-terms.ts';
import { termComments } from '../../src/terms/term-comments.ts';
import { fieldsOf } from '../../src/terms/terms-of.ts';
import { plainTerms, writeTerms } from '../../src/terms/write-terms.ts';

const terms: MarketTerms = {
  ...defaultTerms(embeddedParameters, hashOf('test/anchors', 0)),
  title: "Contracts: what's in them # and why",
  registration: { floorMicro: 1_500_000n, capMicro: 2n ** 61n, riseBps: 5_000, decayBps: 100 },
};
const written = writeTerms(terms, ['A heading', '', 'more']);
const file = (text: string) => ({ file: { text, source: 'mine.yaml' } });

function problemOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(MoeError);
    return (error as MoeError).message;
  }
  throw new Error('It was accepted.');
}

describe('terms as YAML', () => {
  it('are read as they were written, but for the version', () => {
    expect(readTerms({ ...file(written), version: 1 })).toEqual(terms);
    expect(readTerms({ ...file(written), version: 7 }).parameters.version).toBe(7);
  });

  it('have a comment on every line', () => {
    const lines = written.trim().split('\n');
    expect(lines.slice(0, 3)).toEqual(['# A heading', '#', '# more']);
    for (const line of lines) expect(line).toMatch(/# \S|^#$/);
    const known = new Set(Object.keys(termComments));
    for (const path of fieldsOf(plainTerms(terms)).keys()) expect(known).toContain(path);
  });

  it('may say only what differs from others', () => {
    const text = 'emission:\n  perEpochMicro: 9007199254740991\n';
    const read = readTerms({ ...file(text), base: terms, version: 2 });
    expect(read).toEqual({
      ...terms,
      emission: { ...terms.emission, perEpochMicro: 9_007_199_254_740_991n },
      parameters: { ...terms.parameters, version: 2 },
    });
  });

  it('are changed field by field with --set', () => {
    const changes = ['title=Mine: all', 'ranking.liquidAlpha=true', 'ranking.method=yuma3', 'permits=3'];
    const read = readTerms({ base: terms, changes: ['title="Mine: all"', ...changes.slice(1)], version: 1 });
    expect(read).toMatchObject({
      title: 'Mine: all',
      permits: 3,
      ranking: { liquidAlpha: true, method: 'yuma3' },
    });
  });

  it.each([
    ['what is no YAML', 'title: "x', /^mine\.yaml cannot be a market's terms: line 1: /],
    ['a list', '- 1', /it must be a list of fields/],
    ['a field that there is not', 'permits: 3\nemision:\n  x: 1', /: line 2: there is no field "emision"/],
    [
      'such a field inside another',
      'emission:\n  perEpoch: 1',
      /line 2: there is no field "emission\.perEpoch"/,
    ],
    ['a word for a number', 'title: x\npermits: many', /line 2: permits: expected number/],
    ['too large a number', 'permits: 9999', /line 1: permits: Too big/],
    [
      'a broken amount',
      'emission:\n  perEpochMicro: 1.5',
      /line 2: emission\.perEpochMicro is a whole number of micro-credits/,
    ],
    [
      'an unknown method',
      'ranking:\n  method: x',
      /line 2: ranking\.method: expected one of "yuma", .*"paper"/,
    ],
    [
      'terms that do not fit together',
      'maximumExperts: 3\nregistration:\n  floorMicro: 2\n  capMicro: 1',
      /line 4: The price of a registration/,
    ],
    [
      'a number on which no market runs',
      '\nparameters:\n  shardSize: 2',
      /line 3: parameters\.shardSize is 2; it must be/,
    ],
    ['a field twice', 'permits: 3\npermits: 4', /line 2: Map keys must be unique/],
  ])('name %s by line and field', (_, text, message) => {
    expect(problemOf(() => readTerms({ ...file(text), base: terms, version: 1 }))).toMatch(message);
  });

  it('name what is missing together, after what is wrong', () => {
    const message = problemOf(() => readTerms({ ...file('permits: x\nemision: 1'), version: 1 }));
    expect(message).toMatch(
      /line 1: permits: .*; line 2: there is no field "emision"; the fields title, task, .* and more are missing: `moe market template`/,
    );
  });

  it('do not let aliases or odd names in', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'.replace(/./g, (name) => `${name}: &${name} [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n`)}`;
    expect(problemOf(() => readTerms({ ...file(bomb), base: terms, version: 1 }))).toMatch(/alias/);
    const proto = problemOf(() => readTerms({ ...file('constructor: 1'), base: terms, version: 1 }));
    expect(proto).toMatch(/there is no field "constructor"/);
    expect(problemOf(() => readTerms({ base: terms, changes: ['permits'], version: 1 }))).toMatch(
      /--set takes FIELD=VALUE/,
    );
  });
});
