import { hashOf } from '@market-of-experts/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type JoinableMarket,
  problemOfPlace,
  problemsOfJoining,
  usualJoiningLimits,
} from '../../../src/ledger/markets/problems-of-joining.ts';
import { defaultParameters, type MarketParameters } from '../../../src/parameters/market-parameters.ts';
import { defaultTerms, type MarketTerms } from '../../../src/terms/terms.ts';

const rules = { noticeEpochs: 3 };
type Changes = Partial<Omit<MarketTerms, 'parameters'>> & { readonly parameters?: Partial<MarketParameters> };

function terms(changes: Changes = {}): MarketTerms {
  const usual = defaultTerms(defaultParameters, hashOf('test/anchors', 0));
  return { ...usual, ...changes, parameters: { ...usual.parameters, ...changes.parameters } };
}
function market(changes: Changes = {}, state: Partial<JoinableMarket> = {}): JoinableMarket {
  return {
    market: 'theirs' as never,
    terms: terms(changes),
    expertCount: 0,
    registrationMicro: 0n,
    ...state,
  };
}

it('there is nothing against the usual terms', () => {
  expect(problemsOfJoining(market(), rules)).toEqual([]);
  expect(problemOfPlace(market())).toBeUndefined();
});

const usual = terms();
const { slashBps } = defaultParameters;
const hostile: readonly [string, Changes][] = [
  ['newcomers are immune for 2 epochs only', { immunityEpochs: 2 }],
  ['who leaves within 100000 epochs loses his deposit', { immunityEpochs: 100_000 }],
  ['it has only 12 places', { maximumExperts: 12 }],
  [
    'a registration costs 1000 credits at least',
    { registration: { ...usual.registration, floorMicro: 1_000_000_000n, capMicro: 1_000_000_000n } },
  ],
  ['an expert needs a stake of 101 credits', { parameters: { minimumStakeMicro: 101_000_000n } }],
  ['it takes 50.01 % of every fee', { parameters: { feeBps: 5_001 } }],
  ['its owner takes 99.99 % of what is paid out', { emission: { ...usual.emission, ownerShareBps: 9_999 } }],
  ['0.00 % of the stake decide', { ranking: { ...usual.ranking, kappaU16: 1 } }],
  ['100.00 % of the stake decide', { ranking: { ...usual.ranking, kappaU16: 65_534 } }],
  ['it takes 1 % of the stake for being late', { parameters: { slashBps: { ...slashBps, late: 100 } } }],
  [
    'it takes 100 % of the stake for a wrong reveal',
    { parameters: { slashBps: { ...slashBps, 'wrong-reveal': 10_000 } } },
  ],
  ['experts have 1 ms where 4000 are usual', { parameters: { sealedDeadlineMs: 1, cutGraceMs: 0 } }],
  ['newcomers work unpaid in 5000 jobs', { parameters: { probationJobs: 5_000 } }],
];

it.each(hostile)('is refused because %s', (reason, changes) => {
  expect(problemsOfJoining(market(changes), rules)).toEqual([expect.stringContaining(reason)]);
  // Announced terms are no better than those in force.
  const announced = market({}, { next: { terms: terms(changes), fromEpoch: 7 } });
  expect(problemsOfJoining(announced, rules)).toEqual([expect.stringMatching(/^from epoch 7 on, /)]);
  expect(problemsOfJoining(announced, rules)[0]).toContain(reason);
});

it('names all that is wrong, and every number by which it would be right', () => {
  const changes = hostile.map(([, each]) => each);
  fc.assert(
    fc.property(fc.subarray(changes, { minLength: 1 }), (chosen) => {
      const parameters = Object.assign({}, ...chosen.map((each) => each.parameters ?? {}));
      const together: Changes = { ...Object.assign({}, ...chosen), parameters };
      const problems = problemsOfJoining(market(together), rules);
      expect(problems.length).toBeGreaterThan(0);
      for (const problem of problems)
        expect(problem).toMatch(/\([a-zA-Z0-9.-]+: \d+ (or (more|less)|to \d+)\)$/);
    }),
  );
});

it('a market that closes is not joined; a full or dear one not now', () => {
  expect(problemsOfJoining(market({}, { closesAtEpoch: 9 }), rules)).toEqual([
    'it closes when epoch 9 begins',
  ]);
  expect(problemOfPlace(market({}, { expertCount: 256 }))).toContain('all 256 places');
  const registrationMicro = usualJoiningLimits.depositMicro + 1n;
  expect(problemOfPlace(market({}, { registrationMicro }))).toContain('costs 100.000001 credits');
});
