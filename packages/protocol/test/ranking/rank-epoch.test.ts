import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EpochInput } from '../../src/ranking/epoch-input.ts';
import { rankEpoch } from '../../src/ranking/rank-epoch.ts';
import { packRows } from '../../src/ranking/sparse-matrix.ts';

interface Market {
  readonly stake: number[];
  readonly weights: number[][];
  readonly bonds: number[][];
  readonly method: 'yuma' | 'yuma3' | 'paper';
  readonly liquidAlpha: boolean;
  readonly bondsPenaltyU16: number;
}

/** Markets of 2 to 9 uids, some with stake, any weights and bonds (0 is left out). */
const markets: fc.Arbitrary<Market> = fc.integer({ min: 2, max: 9 }).chain((n) => {
  const matrix = fc.array(
    fc.array(fc.oneof(fc.constant(0), fc.nat(65_535)), { minLength: n, maxLength: n }),
    {
      minLength: n,
      maxLength: n,
    },
  );
  return fc.record({
    stake: fc.array(fc.oneof(fc.constant(0), fc.nat(1e9)), { minLength: n, maxLength: n }),
    weights: matrix,
    bonds: matrix,
    method: fc.constantFrom('yuma', 'yuma3', 'paper'),
    liquidAlpha: fc.boolean(),
    bondsPenaltyU16: fc.constantFrom(0, 32_767, 65_535),
  });
});

const rowsOf = (matrix: number[][]) =>
  matrix.map((row) => row.flatMap((value, uid) => (value > 0 ? [[uid, value] as const] : [])));

const inputOf = ({ stake, weights, bonds, ...params }: Market): EpochInput => ({
  block: 1_000,
  stake,
  validatorPermit: stake.map((amount) => amount > 0),
  lastUpdate: stake.map(() => 900),
  weights: rowsOf(weights),
  bonds: rowsOf(bonds),
  params: { ...params, emission: 1_000_000 },
});

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const scores = [
  'activeStake',
  'consensus',
  'validatorTrust',
  'rank',
  'trust',
  'incentive',
  'dividends',
] as const;
const amounts = ['serverEmission', 'validatorEmission', 'emission'] as const;

describe('rankEpoch', () => {
  test('shares sum to 1 or 0, nothing is paid that is not emitted, nothing is negative', () => {
    fc.assert(
      fc.property(markets, (market) => {
        const result = rankEpoch(inputOf(market));
        // Each share is rounded down by less than 2⁻³².
        const lost = market.stake.length * 2 ** -31;
        for (const name of [
          'stake',
          'activeStake',
          'incentive',
          'dividends',
          'emissionNormalized',
        ] as const) {
          const total = sum(result[name]);
          expect(total === 0 || (total <= 1 && total >= 1 - lost), `${name} sums to ${total}`).toBe(true);
        }
        expect(sum(result.serverEmission) + sum(result.validatorEmission)).toBeLessThanOrEqual(1_000_000);
        for (const name of [...scores, ...amounts])
          expect(Math.min(...result[name])).toBeGreaterThanOrEqual(0);
        for (const row of result.storedBonds)
          for (const [, bond] of row) expect(bond).toBeLessThanOrEqual(65_535);
      }),
    );
  });

  test('renaming the uids renames the results', () => {
    fc.assert(
      fc.property(markets, fc.nat(), (market, seed) => {
        const n = market.stake.length;
        const order = Array.from({ length: n }, (_, uid) => uid);
        for (let k = n - 1, state = seed; k > 0; k -= 1, state = (state * 31 + 7) % 65_537) {
          const other = state % (k + 1);
          [order[k], order[other]] = [order[other]!, order[k]!];
        }
        const move = <Item>(list: readonly Item[]): Item[] => order.map((uid) => list[uid]!);
        const moved = rankEpoch(
          inputOf({
            ...market,
            stake: move(market.stake),
            weights: move(market.weights).map(move),
            bonds: move(market.bonds).map(move),
          }),
        );
        const result = rankEpoch(inputOf(market));
        for (const name of [...scores, ...amounts]) expect(moved[name], name).toEqual(move(result[name]));
      }),
    );
  });

  test('stake in other units changes nothing', () => {
    fc.assert(
      fc.property(markets, fc.integer({ min: 2, max: 1_000_000 }), (market, factor) => {
        const scaled = inputOf({ ...market, stake: market.stake.map((amount) => amount * factor) });
        expect(JSON.stringify(rankEpoch(scaled))).toBe(JSON.stringify(rankEpoch(inputOf(market))));
      }),
    );
  });

  test('the same input gives the same bits, packed or plain, stake as number or bigint', () => {
    fc.assert(
      fc.property(markets, (market) => {
        const plain = inputOf(market);
        const n = market.stake.length;
        const packed = {
          ...plain,
          stake: market.stake.map(BigInt),
          weights: packRows(plain.weights, n),
          bonds: packRows(plain.bonds!, n),
        };
        const before = JSON.stringify(plain);
        expect(JSON.stringify(rankEpoch(packed))).toBe(JSON.stringify(rankEpoch(plain)));
        expect(JSON.stringify(plain)).toBe(before);
      }),
    );
  });

  test('less than half of the stake cannot lift a node above what the majority gives it', () => {
    const honest = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 4 });
    const cabal = fc.array(fc.tuple(fc.integer({ min: 1, max: 1_000 }), fc.nat(65_535), fc.nat(65_535)), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(honest, cabal, fc.nat(65_534), (honestStake, others, toCabal) => {
        const cabalStake = sum(others.map(([amount]) => amount));
        fc.pre(cabalStake < sum(honestStake));
        // Uid 0 is the honest node, uid 1 the cabal's; validators follow.
        const votes = [
          ...honestStake.map((amount) => ({ amount, toHonest: 65_535, toCabal })),
          ...others.map(([amount, toHonest, given]) => ({ amount, toHonest, toCabal: given })),
        ];
        const stake = [0, 0, ...votes.map(({ amount }) => amount)];
        const result = rankEpoch({
          block: 1_000,
          stake,
          validatorPermit: stake.map((amount) => amount > 0),
          lastUpdate: stake.map(() => 900),
          weights: [
            [],
            [],
            ...votes.map((vote) => [[0, vote.toHonest] as const, [1, vote.toCabal] as const]),
          ],
        });
        expect(result.consensus[1]).toBeLessThanOrEqual(toCabal / (65_535 + toCabal));
      }),
    );
  });

  test('a market without stake, without weights or with weight only on oneself still ends', () => {
    const base = { block: 10, validatorPermit: [true, true], lastUpdate: [9, 9], params: { emission: 100 } };
    expect(rankEpoch({ ...base, stake: [0, 0], weights: {} }).emission).toEqual([0, 0]);
    expect(rankEpoch({ ...base, stake: [3, 1], weights: {} }).emission).toEqual([75, 25]);
    const selfish = rankEpoch({ ...base, stake: [3, 1], weights: { 0: [[0, 9]], 1: [[1, 9]] } });
    expect(selfish.incentive).toEqual([0, 0]);
    expect(
      rankEpoch({ ...base, stake: [], validatorPermit: [], lastUpdate: [], weights: [] }).emission,
    ).toEqual([]);
  });

  test('an exact half takes the higher weight', () => {
    const weights = { 2: [[0, 1]], 3: [[1, 1]] } as const;
    const stake = [0, 0, 5, 5];
    const permits = stake.map((amount) => amount > 0);
    const result = rankEpoch({
      block: 10,
      stake,
      validatorPermit: permits,
      lastUpdate: [9, 9, 9, 9],
      weights,
    });
    expect(result.consensus).toEqual([1, 1, 0, 0]);
  });

  test('bonds on a uid that changed hands since the last epoch are dropped', () => {
    const input = {
      block: 1_000,
      stake: [0, 0, 10],
      validatorPermit: [false, false, true],
      lastUpdate: [0, 0, 999],
      weights: {},
      bonds: {
        2: [
          [0, 65_535],
          [1, 65_535],
        ],
      },
      params: { tempo: 100 },
    } as const;
    const uids = (blockAtRegistration: number[], lastMechanismStepBlock: number): number[] => {
      const params = { ...input.params, lastMechanismStepBlock };
      return rankEpoch({ ...input, params, blockAtRegistration }).storedBonds[2]!.map(([uid]) => uid);
    };
    expect(uids([899, 900, 0], 0)).toEqual([0]);
    expect(uids([950, 951, 0], 950)).toEqual([0]);
  });

  test('a bond decays alike whether its weight is left out or zero, also at a liquid rate', () => {
    const run = (weights: EpochInput['weights']) =>
      rankEpoch({
        block: 1_000,
        stake: [0, 0, 10],
        validatorPermit: [false, false, true],
        lastUpdate: [0, 0, 999],
        weights,
        bonds: { 2: [[0, 40_000]] },
        params: { method: 'yuma3', liquidAlpha: true },
      }).storedBonds[2];
    const left = run({ 2: [[1, 65_535]] });
    expect(left).toEqual(
      run({
        2: [
          [0, 0],
          [1, 65_535],
        ],
      }),
    );
    expect(left![0]![1]).toBeGreaterThan(0);
    expect(left![0]![1]).toBeLessThan(40_000);
  });
});

describe('bad input', () => {
  const good: EpochInput = {
    block: 10,
    stake: [2, 1],
    validatorPermit: [true, true],
    lastUpdate: [9, 9],
    weights: [[[1, 5]], []],
  };
  const bad: [string, Partial<Record<keyof EpochInput, unknown>>][] = [
    ['validatorPermit has 1 entries', { validatorPermit: [true] }],
    ['blockAtRegistration has 3 entries', { blockAtRegistration: [0, 0, 0] }],
    ['weights has 1 rows', { weights: [[]] }],
    ['stake[1] is -2', { stake: [1, -2] }],
    ['stake[0] is NaN', { stake: [Number.NaN, 1] }],
    ['stake[0] is 0.5', { stake: [0.5, 1] }],
    ['block is 1.5', { block: 1.5 }],
    ['lastUpdate[0] is -1', { lastUpdate: [-1, 0] }],
    ['names uid 2', { weights: [[[2, 5]], []] }],
    [
      'names uid 1 twice',
      {
        weights: [
          [
            [1, 5],
            [1, 6],
          ],
          [],
        ],
      },
    ],
    [
      'names uid 1 twice',
      {
        weights: [
          [
            [1, 5],
            [0, 6],
            [1, 7],
          ],
          [],
        ],
      },
    ],
    ['the value 65536', { weights: [[[1, 65_536]], []] }],
    ['the value NaN', { weights: [[[1, Number.NaN]], []] }],
    ['the value 0.5', { bonds: [[[1, 0.5]], []] }],
    ['a row for "2"', { weights: { 2: [] } }],
    ['params.kappaU16 is 65536', { params: { kappaU16: 65_536 } }],
    ['params.ownerUid is 2', { params: { ownerUid: 2 } }],
    ['params.method is "x"', { params: { method: 'x' } }],
    ['must not be above', { params: { alphaLowU16: 60_000 } }],
    ['params.emission is -1', { params: { emission: -1 } }],
    [
      'ascending order',
      {
        weights: {
          starts: new Uint32Array([0, 2, 2]),
          uids: new Uint16Array([1, 0]),
          values: new Uint16Array([1, 1]),
        },
      },
    ],
    [
      'sizes that differ',
      { weights: { starts: new Uint32Array([0, 1]), uids: new Uint16Array(1), values: new Uint16Array(1) } },
    ],
  ];
  test.each(bad)('%s', (sentence, change) => {
    const input = { ...good, ...change } as EpochInput;
    expect(() => rankEpoch(input)).toThrow(sentence);
    expect(() => rankEpoch(input)).toThrow(expect.objectContaining({ code: 'invalid-ranking-input' }));
  });

  test('the good one passes, rows in any order', () => {
    expect(rankEpoch(good).incentive).toEqual([0, 1]);
    expect(
      rankEpoch({
        ...good,
        stake: [1, 0, 0],
        validatorPermit: [true, false, false],
        lastUpdate: [9, 0, 0],
        weights: {
          0: [
            [2, 1],
            [1, 3],
          ],
        },
      }).weights[0],
    ).toEqual([
      [1, 0.75],
      [2, 0.25],
    ]);
  });
});
