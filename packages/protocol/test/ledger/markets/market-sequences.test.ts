import type { MarketId } from '@market-of-experts/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WeightsPromise } from '../../../src/ledger/epochs/weights.ts';
import { recordSchemas, tableNames } from '../../../src/ledger/state/records.ts';
import type { LedgerState } from '../../../src/ledger/state/state.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import { claim, evidence, orderBody } from '../evidence/evidence-fixture.ts';
import { fixtureTerms, MARKET, nodeOf, registerExpert, registerValidator } from '../ledger-fixture.ts';
import { commit, epochEnd, type Play, play, reveal } from '../play-fixture.ts';

const markets = [MARKET, 'second' as MarketId];
const owner = fc.constantFrom('alice', 'bob', 'carol');
const market = fc.constantFrom(...markets);
const node = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const validator = fc.constantFrom('v1', 'v2', 'v3');
const small = { ...fixtureTerms().parameters, shardSize: 3 };
const terms = fc
  .record({
    maximumExperts: fc.constantFrom(3, 4),
    immunityEpochs: fc.constantFrom(0, 2),
    permits: fc.constantFrom(1, 2, 64),
    floorMicro: fc.constantFrom(1n, 7n, 100n),
    version: fc.integer({ min: 1, max: 9 }),
    perEpochMicro: fc.constantFrom(0n, 1_000n),
    method: fc.constantFrom('yuma' as const, 'yuma3' as const, 'paper' as const),
  })
  .map(({ maximumExperts, immunityEpochs, permits, floorMicro, version, perEpochMicro, method }) =>
    fixtureTerms({
      maximumExperts,
      immunityEpochs,
      permits,
      parameters: { ...small, version },
      registration: { floorMicro, capMicro: 10n * floorMicro, riseBps: 5_000, decayBps: 2_000 },
      emission: { perEpochMicro, halvingEpochs: 5, ownerShareBps: 1_800 },
      ranking: { ...fixtureTerms().ranking, method },
    }),
  );

/** A step may look at the ledger as it is, so that most steps fit. */
type Step = (g: Play, promises: WeightsPromise[]) => void;
const by =
  (name: string, action: (g: Play) => Action): Step =>
  (g) =>
    void g.act(name, action(g));

const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(owner, terms)
    .map(([a, t]) => by(a, () => ({ kind: 'createMarket', market: markets[1]!, terms: t }))),
  fc
    .tuple(fc.constantFrom('market-owner', 'carol'), market, terms)
    .map(([a, m, t]) => by(a, () => ({ kind: 'updateMarket', market: m, terms: t }))),
  fc
    .tuple(fc.constantFrom('market-owner', 'carol'), market)
    .map(([a, m]) => by(a, () => ({ kind: 'closeMarket', market: m }))),
  fc
    .tuple(owner, market, fc.bigInt(1n, 5_000n))
    .map(([a, m, amountMicro]) => by(a, () => ({ kind: 'fundMarket', market: m, amountMicro }))),
  ...[0, 1, 2].map(() =>
    fc.tuple(owner, market, node).map(([a, m, n]) =>
      by(a, (g) => {
        const depositMicro = g.market(m)?.registrationMicro ?? 0n;
        return { ...registerExpert(a, n, 100n), market: m, depositMicro } as Action;
      }),
    ),
  ),
  fc
    .tuple(owner, market, node)
    .map(([a, m, n]) =>
      by(a, () => ({ kind: 'deregister', target: { role: 'expert', market: m, node: nodeOf(n) } })),
    ),
  fc.tuple(owner, validator).map(([a, v]) => by(a, () => registerValidator(a, v, 500n))),
  fc
    .tuple(owner, validator)
    .map(([a, v]) => by(a, () => ({ kind: 'deregister', target: { role: 'validator', node: nodeOf(v) } }))),
  fc.tuple(node, fc.integer({ min: 0, max: 3 })).map(([n, clientSeq]) => {
    return by('bob', (g) => {
      const order = orderBody({ clientSeq, deadlineMs: g.network().epochStartedMs });
      const claims = ['f1', 'f2'].map((friend) => claim(order, { worker: nodeOf(friend) }, n));
      return evidence({ kind: 'statements', orders: [order], statements: [claims[0]!, claims[1]!] });
    });
  }),
  ...[0, 1].map(() =>
    fc.tuple(validator, market, fc.dictionary(node, fc.integer({ min: 0, max: 65_535 }))).map(
      ([v, m, weights]): Step =>
        (g, promises) => {
          const promise = g.promise(v, weights, m);
          if (g.actNode(v, commit(promise)).applied) promises.push(promise);
        },
    ),
  ),
  ...[0, 1].map(() =>
    fc.constant<Step>((g, promises) => {
      for (const promise of promises) {
        const name = ['v1', 'v2', 'v3'].find((each) => nodeOf(each) === promise.validator)!;
        g.actNode(name, reveal(promise));
      }
      const signers = ['v1', 'v2', 'v3'].filter((name) => g.state.validators.has(nodeOf(name)));
      expect(g.act('treasury', epochEnd(g.network(), signers))).toEqual({ applied: true });
    }),
  ),
);

function mustBeSound(state: LedgerState): void {
  const network = state.network.get('network')!;
  const serving = [...state.experts.values()].filter(({ leavesAtEpoch }) => leavesAtEpoch === undefined);
  for (const {
    market: id,
    expertCount,
    registrationMicro,
    terms: { registration },
  } of state.markets.values()) {
    expect(expertCount).toBe(serving.filter((expert) => expert.market === id).length);
    // New terms bound the price when they begin, which is when it decays.
    expect(registrationMicro >= registration.floorMicro && registrationMicro <= registration.capMicro).toBe(
      true,
    );
  }
  expect(state.markets.size).toBe(network.marketCount);
  for (const { market: id } of state.experts.values()) expect(state.markets.has(id)).toBe(true);
  const validators = [...state.validators.values()].filter(
    ({ leavesAtEpoch }) => leavesAtEpoch === undefined,
  );
  expect(validators.length).toBe(network.validatorCount);
  expect(validators.reduce((sum, { stakeMicro }) => sum + stakeMicro, 0n)).toBe(network.validatorStakeMicro);
  for (const { epoch } of state.weightCommits.values())
    expect(epoch).toBeGreaterThanOrEqual(network.epoch - 1);
  for (const table of [state.weightCommits, state.weights, state.bonds])
    for (const record of table.values()) {
      expect(state.markets.has(record.market)).toBe(true);
      expect(state.validators.has(record.validator)).toBe(true);
    }
}

/** What is stored can be read back. */
function mustFitSchemas(state: LedgerState): void {
  for (const name of tableNames)
    for (const [key, record] of state[name])
      expect(recordSchemas[name].safeParse(record).success, `${name} ${key}`).toBe(true);
}

test('any sequence of markets, registrations, weights, epochs and evidence keeps the ledger sound', () => {
  const seen = { forfeited: 0, emitted: 0n, closed: 0, slashed: 0, minted: 0n };
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 90, size: 'max' }), (steps) => {
      // `play` counts the money after each step.
      const g = play((tx) => ({
        ...tx,
        rules: {
          ...tx.rules,
          unbondingEpochs: 2,
          noticeEpochs: 2,
          mint: { perEpochMicro: 500n, halvingEpochs: 4, capMicro: 2_000n },
        },
        markets: [
          {
            ...tx.markets[0]!,
            terms: fixtureTerms({
              parameters: small,
              maximumExperts: 3,
              immunityEpochs: 1,
              registration: { floorMicro: 5n, capMicro: 50n, riseBps: 5_000, decayBps: 2_000 },
              emission: { perEpochMicro: 1_000n, halvingEpochs: 5, ownerShareBps: 1_800 },
            }),
          },
        ],
      }));
      g.must('carol', { kind: 'lock', market: MARKET, gateway: nodeOf('gateway'), amountMicro: 1_000n });
      const promises: WeightsPromise[] = [];
      for (const act of steps) {
        const emptyDeposits = () =>
          [...g.state.experts.values()].filter((each) => each.depositMicro === 0n).length;
        const before = emptyDeposits();
        act(g, promises);
        mustBeSound(g.state);
        seen.forfeited += emptyDeposits() > before ? 1 : 0;
        for (const { emittedMicro } of g.state.rankings.values()) seen.emitted += emittedMicro;
      }
      seen.closed += g.state.closedMarkets.size;
      seen.slashed += Number(g.network().burntMicro);
      seen.minted += g.network().mintedMicro;
      mustFitSchemas(g.state);
      expect(g.network().mintedMicro <= 2_000n).toBe(true);
    }),
    { numRuns: 50 },
  );
  // The property is worth something only if the sequences came that far.
  for (const count of Object.values(seen)) expect(Number(count)).toBeGreaterThan(0);
});
