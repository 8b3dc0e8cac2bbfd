import { hashOf } from '@market-of-experts/core';
import { describe, expect, test } from 'vitest';
import {
  defaultParameters,
  embeddedParameters,
  type MarketParameters,
} from '../../src/parameters/market-parameters.ts';
import { problemOfTerms } from '../../src/terms/problem-of-terms.ts';
import { defaultTerms, type MarketTerms, marketTermsSchema } from '../../src/terms/terms.ts';
import { rangesOf } from '../../src/terms/terms-ranges.ts';

const baseEncoder = hashOf('test/baseEncoder', 0);
const terms = defaultTerms(defaultParameters, baseEncoder);

/** The default terms with other parameters; the space follows their dimensions. */
function withParameters(changes: Partial<MarketParameters>): MarketTerms {
  return defaultTerms({ ...defaultParameters, ...changes }, baseEncoder);
}

/** The terms with the number that `name` (`registration.riseBps`) points at replaced. */
function withNumber(name: string, value: number | bigint): MarketTerms {
  const copy = structuredClone(terms);
  const path = name.split('.');
  let record = copy as unknown as Record<string, unknown>;
  for (const step of path.slice(0, -1)) record = record[step] as Record<string, unknown>;
  expect(record).toHaveProperty([path.at(-1)!]);
  record[path.at(-1)!] = value;
  return copy;
}

describe('terms that work', () => {
  test.each<[string, MarketTerms]>([
    ['the defaults', terms],
    ['one machine', defaultTerms(embeddedParameters, baseEncoder)],
    ['small vectors of tests', withParameters({ dimensions: 16, places: 2 })],
    ['exams of two texts', withParameters({ batchTexts: 2, reserveTexts: 0 })],
    [
      'short deadlines',
      withParameters({
        sealedDeadlineMs: 1,
        fullDeadlineMs: 1,
        revealDeadlineMs: 1,
        cutGraceMs: 0,
        maximumClaims: 0,
      }),
    ],
    ['no probation', withParameters({ probationJobs: 0, probationSeats: 0 })],
    [
      'registrations that cost',
      { ...terms, registration: { floorMicro: 1n, capMicro: 10n, riseBps: 1, decayBps: 1 } },
    ],
    [
      'a price that stays',
      { ...terms, registration: { floorMicro: 5n, capMicro: 5n, riseBps: 0, decayBps: 0 } },
    ],
    [
      'Yuma 3 with a liquid rate',
      { ...terms, ranking: { ...terms.ranking, method: 'yuma3', liquidAlpha: true } },
    ],
  ])('%s', (_, good) => {
    expect(problemOfTerms(good)).toBeUndefined();
    expect(marketTermsSchema.parse(good)).toEqual(good);
  });
});

test('every number has its bounds, and both of them are good', () => {
  for (const { name, least, most, because } of rangesOf(terms.task)) {
    const step = typeof least === 'bigint' ? 1n : 1;
    const below = (least as number) - (step as number);
    const above = (most as number) + (step as number);
    for (const wrong of [below, above])
      expect(problemOfTerms(withNumber(name, wrong)), name).toBe(
        `${name} is ${wrong}; it must be a whole number from ${least} to ${most}: ${because}.`,
      );
    // Other numbers may not fit this one any more, but its own bound is kept.
    for (const edge of [least, most])
      expect(problemOfTerms(withNumber(name, edge)) ?? '', name).not.toContain('must be a whole number');
  }
});

test('a fraction and no number at all are refused like numbers out of range', () => {
  expect(problemOfTerms(withParameters({ shardSize: 3.5 }))).toContain('parameters.shardSize is 3.5');
  expect(problemOfTerms(withParameters({ shardSize: Number.NaN }))).toContain('parameters.shardSize is NaN');
});

test('every number of the parameters is looked at', () => {
  const names = rangesOf(terms.task).map(({ name }) => name);
  const numbers = Object.entries(defaultParameters).flatMap(([name, value]) =>
    name === 'slashBps' ? Object.keys(value as object).map((reason) => `slashBps.${reason}`) : [name],
  );
  // Both are compared with something else: see below.
  for (const name of numbers.filter((each) => !['dimensions', 'ensembleTemperature'].includes(each)))
    expect(names).toContain(`parameters.${name}`);
});

test.each<[string, MarketTerms, string]>([
  [
    'two dimensions',
    { ...terms, space: { ...terms.space, dimensions: 96 } },
    'parameters.dimensions is 384 and space.dimensions is 96: they must be the same.',
  ],
  ['no title', { ...terms, title: ' ' }, 'title is empty: say in a sentence what the market is for.'],
  [
    'too many seats',
    withParameters({ shardSize: 14, probationSeats: 3 }),
    'A job has 14 paid seats and 3 for newcomers: 16 together at most.',
  ],
  [
    'a probation without a seat',
    withParameters({ probationSeats: 0 }),
    'Newcomers sit in on 20 jobs, but no job has a seat for them: set probationSeats to 1 or more, or probationJobs to 0.',
  ],
  [
    'fewer experts than seats',
    { ...terms, maximumExperts: 4 },
    'A shard of 5 cannot be filled by 4 experts: maximumExperts must be 5 or more.',
  ],
  [
    'more scored than drawn',
    withParameters({ minimumScored: 6 }),
    '6 members must be scored, but a shard has only 5: minimumScored must be 5 or less.',
  ],
  [
    'a cut with too few',
    withParameters({ quorumBps: 2_001, minimumScored: 3 }),
    'The cut closes with 2 of 5 members, but 3 must be scored: raise quorumBps or lower minimumScored.',
  ],
  [
    'grace beyond the deadline',
    withParameters({ cutGraceMs: 5_000 }),
    'Stragglers have 5000 ms, but the sealed half ends after 4000 ms: cutGraceMs must not be longer.',
  ],
  [
    'a friend held after the job',
    withParameters({ claimTtlMs: 20_001 }),
    'A friend is held for 20001 ms, but a job lasts 20000 ms at most: claimTtlMs must not be longer.',
  ],
  [
    'texts too short for a kept part and a piece',
    withParameters({ pieceWords: 15 }),
    'A text of 20 words has no kept part and a piece of 15: minimumWords must be 30 or more.',
  ],
  [
    'texts too short for their words',
    withParameters({ maximumTextBytes: 64, minimumWords: 33 }),
    'No text of 33 words fits 64 bytes: raise maximumTextBytes or lower minimumWords.',
  ],
  [
    'late dearer than silent',
    withParameters({ slashBps: { ...defaultParameters.slashBps, late: 51, 'no-reveal': 50 } }),
    'Being late costs 51 and not revealing 50 hundredths of a per cent: slashBps.no-reveal must not be below slashBps.late, or who is late would rather not answer.',
  ],
  [
    'silence dearer than nonsense',
    withParameters({ slashBps: { ...defaultParameters.slashBps, 'wrong-reveal': 499 } }),
    'Not revealing costs 500 and revealing something else 499 hundredths of a per cent: slashBps.wrong-reveal must not be below slashBps.no-reveal, or who has nothing would reveal anything.',
  ],
  [
    'nonsense dearer than contradiction',
    withParameters({ slashBps: { ...defaultParameters.slashBps, equivocation: 499 } }),
    'Revealing something else costs 500 and equivocation 499 hundredths of a per cent: slashBps.equivocation must not be below slashBps.wrong-reveal.',
  ],
  [
    'a cap below the floor',
    { ...terms, registration: { ...terms.registration, floorMicro: 2_000_000n, capMicro: 1_000_000n } },
    'The price of a registration is 2 credits at least and 1 at most: registration.capMicro must not be below registration.floorMicro.',
  ],
  [
    'a price that cannot begin',
    { ...terms, registration: { ...terms.registration, capMicro: 1n } },
    'A registration that costs nothing at first never costs more: give registration.floorMicro, or set registration.capMicro to 0 for free registrations.',
  ],
  [
    'a price that cannot fall',
    { ...terms, registration: { floorMicro: 1n, capMicro: 2n, riseBps: 1, decayBps: 0 } },
    'The price of a registration would only rise: set registration.decayBps to 1 or more.',
  ],
  [
    'rates the wrong way round',
    { ...terms, ranking: { ...terms.ranking, alphaLowU16: 9, alphaHighU16: 8 } },
    'ranking.alphaLowU16 is 9, above ranking.alphaHighU16, which is 8: exchange them.',
  ],
  [
    'a liquid rate without Yuma 3',
    { ...terms, ranking: { ...terms.ranking, liquidAlpha: true } },
    'Liquid alpha belongs to the method yuma3, and ranking.method is yuma: choose yuma3 or set ranking.liquidAlpha to false.',
  ],
])('cannot run on %s', (_, bad, sentence) => {
  expect(problemOfTerms(bad)).toBe(sentence);
});
