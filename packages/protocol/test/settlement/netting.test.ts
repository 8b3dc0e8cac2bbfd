import { type AccountId, encode, type Hash, hashBytes, hashOf, type NodeId } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyTransaction } from '../../src/ledger/apply.ts';
import { emptyState, type LedgerState, totalMicro } from '../../src/ledger/state/state.ts';
import type { Action } from '../../src/ledger/transaction/transaction.ts';
import { embeddedParameters } from '../../src/parameters/market-parameters.ts';
import {
  type Effects,
  type TallyBody,
  tallyEffects,
  type VoidBody,
  voidEffects,
} from '../../src/settlement/effects.ts';
import { netSettlement, parseSettlementDetail, settlementDetailBytes } from '../../src/settlement/netting.ts';
import {
  genesis,
  heartbeat,
  idOf,
  MARKET,
  NETWORK,
  nodeOf,
  OWNERS,
  registerExpert,
  registerValidator,
  settle,
  transactionFrom,
} from '../ledger/ledger-fixture.ts';

const nodes = ['n1', 'n2', 'n3'] as const;
const roster = {
  marketOwner: idOf('market-owner'),
  parameters: embeddedParameters,
  experts: nodes.map((name) => ({ node: nodeOf(name), owner: idOf('carol') })),
};
const clients = ['alice', 'bob'] as const;

/** A ledger where both clients have locked money for gateway `g1` and the experts have stake. */
function preparedLedger(): LedgerState {
  const state = emptyState();
  const apply = (name: string, action: Action) =>
    expect(applyTransaction(state, transactionFrom(state, name, action))).toEqual({ applied: true });
  applyTransaction(state, genesis());
  for (const client of clients)
    apply(client, { kind: 'lock', market: MARKET, gateway: nodeOf('g1'), amountMicro: 500_000n });
  for (const name of nodes) apply('carol', registerExpert('carol', name, 50n));
  apply('market-owner', registerValidator('market-owner', 'v1', 1_000n));
  expect(applyTransaction(state, heartbeat(state, 'v1'))).toEqual({ applied: true });
  return state;
}

interface Job {
  readonly client: (typeof clients)[number];
  readonly worker: (typeof nodes)[number];
  readonly feeMicro: bigint;
  readonly slashMicro: bigint;
  readonly isVoid: boolean;
}
const jobs: fc.Arbitrary<Job[]> = fc.array(
  fc.record({
    client: fc.constantFrom(...clients),
    worker: fc.constantFrom(...nodes),
    feeMicro: fc.bigInt(0n, 5_000n),
    // Sometimes more than is left of the stake.
    slashMicro: fc.oneof(fc.constant(0n), fc.bigInt(1n, 40n)),
    isVoid: fc.boolean(),
  }),
  { minLength: 1, maxLength: 20 },
);

/** Usually the gateway, sometimes the validator that stands in for it. */
const proposer = fc.constantFrom('g1', 'g1', 'v1');

function effectsOf(list: readonly Job[], nextSeq: (client: AccountId) => number): Effects[] {
  const next = new Map<string, number>();
  return list.map(({ client, worker, feeMicro, slashMicro, isVoid }) => {
    const clientSeq = next.get(client) ?? nextSeq(idOf(client));
    next.set(client, clientSeq + 1);
    const base = { network: NETWORK, market: MARKET, client: idOf(client), clientSeq };
    if (isVoid) return voidEffects({ ...base, reason: 'test' } satisfies VoidBody);
    const tally: TallyBody = {
      ...base,
      worker: nodeOf(worker),
      requests: 1,
      bytes: 1,
      feeMicro,
      items: hashOf('test', 0),
    };
    const slashes = slashMicro === 0n ? [] : [{ node: nodeOf(worker), amountMicro: slashMicro }];
    return { ...tallyEffects(tally, roster), slashes };
  });
}
const header = (state: LedgerState, by = 'g1') => ({
  network: NETWORK,
  market: MARKET,
  batch: state.markets.get(MARKET)!.nextBatch,
  gateway: nodeOf('g1'),
  by: nodeOf(by),
  nextOrderSeq: (client: AccountId) => state.prepaid.get(`${client}/${MARKET}`)?.nextOrderSeq ?? 0,
});

describe('effects', () => {
  it('of an order move money without making any', () => {
    fc.assert(
      fc.property(jobs, (list) => {
        for (const { deltas } of effectsOf(list, () => 0))
          expect(deltas.reduce((sum, { deltaMicro }) => sum + deltaMicro, 0n)).toBe(0n);
      }),
    );
  });

  it('of a tally pay the worker what the market leaves', () => {
    const [effects] = effectsOf(
      [{ client: 'alice', worker: 'n1', feeMicro: 1_000n, slashMicro: 0n, isVoid: false }],
      () => 4,
    );
    expect(effects!.clientSeq).toBe(4);
    expect(effects!.deltas).toEqual([
      { account: idOf('alice'), deltaMicro: -1_000n },
      { account: idOf('carol'), deltaMicro: 980n, node: nodeOf('n1') },
      { account: idOf('market-owner'), deltaMicro: 20n },
    ]);
  });
});

describe('netting', () => {
  it('conserves, and the ledger applies it, batch after batch, whoever proposes it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(jobs, proposer), { minLength: 1, maxLength: 3 }), (batches) => {
        const state = preparedLedger();
        const total = totalMicro(state);
        for (const [list, by] of batches) {
          const effects = effectsOf(list, header(state).nextOrderSeq);
          const body = netSettlement(effects, header(state, by));
          const charged = body.orders.reduce((sum, { chargeMicro }) => sum + chargeMicro, 0n);
          const credited = [...body.credits, ...body.earnings].reduce(
            (sum, { amountMicro }) => sum + amountMicro,
            0n,
          );
          expect(charged).toBe(credited);
          expect(netSettlement([...effects].reverse(), header(state, by))).toEqual({
            ...body,
            root: hashBytes(settlementDetailBytes([...effects].reverse())),
          });
          const before = OWNERS.map((name) => state.accounts.get(idOf(name))!.balanceMicro);
          expect(applyTransaction(state, transactionFrom(state, 'market-owner', settle(body, 'v1')))).toEqual(
            { applied: true },
          );
          expect(totalMicro(state) + state.network.get('network')!.burntMicro).toBe(total);
          // Nobody has delegated, so all that a node earns is its owner's.
          const paid = [
            ...body.credits,
            ...body.earnings.map(({ owner, amountMicro }) => ({ account: owner, amountMicro })),
          ];
          for (const [index, name] of OWNERS.entries())
            expect(state.accounts.get(idOf(name))!.balanceMicro - before[index]!).toBe(
              paid
                .filter(({ account }) => account === idOf(name))
                .reduce((sum, { amountMicro }) => sum + amountMicro, 0n),
            );
          // The same settlement again changes nothing.
          expect(
            applyTransaction(state, transactionFrom(state, 'market-owner', settle(body, 'v1'))).applied,
          ).toBe(false);
          expect(totalMicro(state) + state.network.get('network')!.burntMicro).toBe(total);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['a number left out', [0, 2]],
    ['a number twice', [0, 0]],
    ['a beginning after the next number', [1, 2]],
    ['a settled number', [-1, 0]],
  ])('refuses %s', (_, numbers) => {
    const state = preparedLedger();
    const effects = numbers.map((clientSeq) =>
      voidEffects({ network: NETWORK, market: MARKET, client: idOf('alice'), clientSeq, reason: '' }),
    );
    expect(() => netSettlement(effects, header(state))).toThrow(/gap/);
  });

  it('a client who is his own expert or the market’s owner pays and is paid in full', () => {
    const tally = {
      network: NETWORK,
      market: MARKET,
      client: idOf('carol'),
      clientSeq: 0,
      worker: nodeOf('n1'),
      requests: 1,
      bytes: 1,
      feeMicro: 500n,
      items: hashOf('test', 0),
    };
    const body = netSettlement([tallyEffects(tally, roster)], {
      ...header(preparedLedger()),
      nextOrderSeq: () => 0,
    });
    expect(body.orders[0]!.chargeMicro).toBe(500n);
    expect(body.credits).toEqual([{ account: idOf('market-owner'), amountMicro: 10n }]);
    expect(body.earnings).toEqual([{ node: nodeOf('n1'), owner: idOf('carol'), amountMicro: 490n }]);
  });

  it('one node is paid for one owner only', () => {
    const pay = (clientSeq: number, owner: string): Effects => ({
      ...voidEffects({ network: NETWORK, market: MARKET, client: idOf('alice'), clientSeq, reason: '' }),
      deltas: [
        { account: idOf('alice'), deltaMicro: -5n },
        { account: idOf(owner), deltaMicro: 5n, node: nodeOf('n1') },
      ],
    });
    const state = preparedLedger();
    expect(() => netSettlement([pay(0, 'carol'), pay(1, 'bob')], header(state))).toThrow(/Two owners/);
    expect(netSettlement([pay(0, 'carol'), pay(1, 'carol')], header(state)).earnings).toEqual([
      { node: nodeOf('n1'), owner: idOf('carol'), amountMicro: 10n },
    ]);
  });

  it('the detail behind the root can be read back', () => {
    fc.assert(
      fc.property(jobs, (list) => {
        const effects = effectsOf(list, () => 0);
        const bytes = settlementDetailBytes(effects);
        expect(parseSettlementDetail(bytes)).toEqual(effects);
        expect(Buffer.compare(encode(parseSettlementDetail(bytes)), bytes)).toBe(0);
      }),
      { numRuns: 30 },
    );
    expect(() => parseSettlementDetail(encode([{ proof: 'x' as Hash, client: 'y' as NodeId }]))).toThrow(
      /expected form/,
    );
  });
});
