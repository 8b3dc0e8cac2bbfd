import { encode, hashBytes, hashOf, type MarketId, signBody } from '@market-of-experts/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { certificateDomain } from '../../../src/job/certificate.ts';
import { jobIdOf } from '../../../src/job/orders.ts';
import type { Misconduct } from '../../../src/ledger/transaction/misconduct.ts';
import type { Action } from '../../../src/ledger/transaction/transaction.ts';
import type { Effects } from '../../../src/settlement/effects.ts';
import { netSettlement, settlementDetailBytes } from '../../../src/settlement/netting.ts';
import type { SettlementBody } from '../../../src/settlement/settlement-body.ts';
import { fixtureTerms, idOf, keysOf, MARKET, NETWORK, nodeOf, registerValidator } from '../ledger-fixture.ts';
import type { Play } from '../play-fixture.ts';
import {
  accusedPlay,
  certificateBody,
  evidence,
  holds,
  orderBody,
  signedIn,
  signedSettlement,
  signersOf,
} from './evidence-fixture.ts';

let g: Play;
beforeEach(() => {
  g = accusedPlay();
});
const stakeOf = (name: string) => g.state.validators.get(nodeOf(name))?.stakeMicro;
const elsewhere = 'other-market' as MarketId;

describe('two certificates of a job by one witness', () => {
  const certified = (changes: Parameters<typeof certificateBody>[0] = {}, by = 'v1') =>
    signedIn(by, certificateDomain, certificateBody(changes));
  const proofOf = (
    ...certificates: [ReturnType<typeof certified>, ReturnType<typeof certified>]
  ): Misconduct => ({
    kind: 'certificates',
    orders: [orderBody()],
    validator: nodeOf('v1'),
    certificates,
  });
  const two = (): Misconduct => proofOf(certified(), certified({ feeMicro: 101n }));

  test('cost half of the validator’s stake, once', () => {
    const before = g.balance('bob');
    g.must('bob', evidence(two()));
    expect([stakeOf('v1'), stakeOf('v2')]).toEqual([500n, 1_000n]);
    expect(g.network().validatorStakeMicro).toBe(2_500n);
    expect(g.balance('bob')).toBe(before + 50n);
    expect([g.market().poolMicro, g.network().burntMicro]).toEqual([0n, 450n]);
    expect([...g.state.offences.values()]).toMatchObject([
      { kind: 'double-certificate', subject: certificateBody().job },
    ]);
    g.refuse(
      'carol',
      evidence(proofOf(certified({ place: 1 }), certified({ place: 2 }))),
      'already-punished',
    );
    const order = orderBody({ clientSeq: 1 });
    const other = { job: jobIdOf([order]) };
    const second = {
      ...proofOf(certified(other), certified({ ...other, place: 1 })),
      orders: [order],
    } as Misconduct;
    g.refuse('carol', evidence(second), 'already-punished');
    expect(stakeOf('v1')).toBe(500n);
  });

  test('of a job that the order beside them is not of, or that nobody ordered, prove nothing', () => {
    const order = orderBody({ clientSeq: 1 });
    g.refuse('bob', evidence({ ...two(), orders: [order] } as Misconduct), 'invalid-evidence');
    const invented = orderBody({ client: idOf('bob') });
    const of = { job: jobIdOf([invented]) };
    const proof = { ...proofOf(certified(of), certified({ ...of, place: 1 })), orders: [invented] };
    g.refuse('bob', evidence(proof as Misconduct), 'invalid-evidence');
  });

  test('cost what the network says, whatever the market of the job says', () => {
    const mild = fixtureTerms();
    const slashBps = { late: 0, outlier: 0, 'no-reveal': 0, 'wrong-reveal': 0, equivocation: 1 };
    const terms = { ...mild, parameters: { ...mild.parameters, slashBps } };
    g.must('bob', { kind: 'createMarket', market: elsewhere, terms });
    g.must('bob', { kind: 'lock', market: elsewhere, gateway: nodeOf('gateway'), amountMicro: 10n });
    const order = orderBody({ market: elsewhere, client: idOf('bob') });
    const of = { market: elsewhere, job: jobIdOf([order]) };
    const proof = {
      ...proofOf(certified(of), certified({ ...of, place: 1 })),
      orders: [order],
    } as Misconduct;
    g.must('bob', { ...evidence(proof), market: elsewhere } as Action);
    expect(stakeOf('v1')).toBe(500n);
    expect([g.market(elsewhere).poolMicro, g.network().burntMicro]).toEqual([0n, 450n]);
  });

  test('of one content, of two jobs, markets or networks prove nothing', () => {
    for (const [a, b] of [
      [certified(), certified()],
      [certified(), certified({ job: hashOf('test/job', 1) as never, feeMicro: 101n })],
      [certified(), certified({ market: elsewhere })],
      [certified({ market: elsewhere }), certified({ market: elsewhere, feeMicro: 101n })],
      [certified({ network: 'other-net' }), certified({ network: 'other-net', feeMicro: 101n })],
    ] as const)
      g.refuse('bob', evidence(proofOf(a, b)), 'invalid-evidence');
  });

  test('must both be signed by the validator that is accused', () => {
    expect(signersOf(g, two())).toEqual([nodeOf('v1'), nodeOf('v1')]);
    expect(holds(g, proofOf(certified(), certified({ feeMicro: 101n }, 'v2')))).toBe(false);
    const [first] = (two() as Extract<Misconduct, { kind: 'certificates' }>).certificates;
    expect(holds(g, proofOf(first, { ...first, body: { ...first.body, place: 101 } }))).toBe(false);
    g.refuse('bob', evidence({ ...two(), validator: nodeOf('stranger') } as Misconduct), 'unknown-node');
  });
});

const effects = (clientSeq: number, deltaMicro: bigint): Effects => ({
  proof: hashOf('test/proof', clientSeq),
  client: idOf('carol'),
  clientSeq,
  deltas: [
    { account: idOf('carol'), deltaMicro: -deltaMicro },
    { account: idOf('bob'), deltaMicro },
  ],
  slashes: [],
  losses: [],
});
const detail = settlementDetailBytes([effects(0, 10n), effects(1, 5n)]);
const honest = (changes: Partial<SettlementBody> = {}): SettlementBody => ({
  ...netSettlement([effects(0, 10n), effects(1, 5n)], {
    network: NETWORK,
    market: MARKET,
    batch: 0,
    gateway: nodeOf('gateway'),
    by: nodeOf('gateway'),
    nextOrderSeq: () => 0,
  }),
  ...changes,
});

describe('two settlements of one number by one validator', () => {
  const proofOf = (a: SettlementBody, b: SettlementBody, by = 'v1'): Misconduct => ({
    kind: 'settlements',
    validator: nodeOf('v1'),
    settlements: [signedSettlement('v1', a), signedSettlement(by, b)],
  });

  test('cost half of the stake, once', () => {
    g.must('bob', evidence(proofOf(honest(), honest({ poolMicro: 1n }))));
    expect(stakeOf('v1')).toBe(500n);
    g.refuse('bob', evidence(proofOf(honest(), honest({ poolMicro: 2n }))), 'already-punished');
    g.refuse('bob', evidence(proofOf(honest(), honest({ certificates: 3 }))), 'already-punished');
    expect(stakeOf('v1')).toBe(500n);
    expect([...g.state.offences.values()].map(({ kind }) => kind)).toEqual(['double-settlement']);
  });

  test('of a number that the market has not come to, or came to long ago, are not punished', () => {
    g.refuse(
      'bob',
      evidence(proofOf(honest({ batch: 1 }), honest({ batch: 1, poolMicro: 1n }))),
      'too-early',
    );
    g.state.markets.set(MARKET, { ...g.market(), nextBatch: 5 });
    for (let epoch = 1; epoch < 9; epoch += 1) g.endEpoch('v1', 'v2', 'v3');
    g.must('bob', evidence(proofOf(honest({ batch: 1 }), honest({ batch: 1, poolMicro: 1n }))));
    for (let epoch = 9; epoch < 25; epoch += 1) g.endEpoch('v1', 'v2', 'v3');
    g.refuse('bob', evidence(proofOf(honest({ batch: 4 }), honest({ batch: 4, poolMicro: 1n }))), 'too-late');
    g.must('bob', evidence(proofOf(honest({ batch: 5 }), honest({ batch: 5, poolMicro: 1n }))));
  });

  test('of one content, of two batches, gateways, proposers, markets or networks prove nothing', () => {
    for (const [a, b] of [
      [honest(), honest()],
      [honest(), honest({ batch: 1 })],
      [honest(), honest({ gateway: nodeOf('other') })],
      [honest(), honest({ by: nodeOf('v2') })],
      [honest({ by: nodeOf('v3') }), honest({ by: nodeOf('v2'), poolMicro: 1n })],
      [honest(), honest({ market: elsewhere })],
      [honest({ market: elsewhere }), honest({ market: elsewhere, poolMicro: 1n })],
      [honest({ network: 'other-net' }), honest({ network: 'other-net', poolMicro: 1n })],
    ] as const)
      g.refuse('bob', evidence(proofOf(a, b)), 'invalid-evidence');
  });

  test('that a stand-in proposed cost as much', () => {
    const by = nodeOf('v2');
    g.must('bob', evidence(proofOf(honest({ by }), honest({ by, poolMicro: 1n }))));
    expect(stakeOf('v1')).toBe(500n);
  });

  test('must both be signed by the validator that is accused', () => {
    expect(signersOf(g, proofOf(honest(), honest({ poolMicro: 1n })))).toEqual([nodeOf('v1'), nodeOf('v1')]);
    expect(holds(g, proofOf(honest(), honest({ poolMicro: 1n }), 'v2'))).toBe(false);
  });

  test('are punished in the market that they are of, however many there are', () => {
    g.must('carol', { kind: 'createMarket', market: elsewhere, terms: fixtureTerms() });
    const there = proofOf(honest({ market: elsewhere }), honest({ market: elsewhere, poolMicro: 1n }));
    g.refuse('bob', evidence(there), 'invalid-evidence');
    g.must('bob', { ...evidence(there), market: elsewhere } as Action);
    expect([g.market().poolMicro, g.market(elsewhere).poolMicro]).toEqual([0n, 0n]);
    expect(g.network().burntMicro).toBe(450n);
  });

  test('are punished while the validator leaves, and not when it is gone', () => {
    g.must('alice', { kind: 'deregister', target: { role: 'validator', node: nodeOf('v1') } });
    g.must('bob', evidence(proofOf(honest(), honest({ poolMicro: 1n }))));
    expect(stakeOf('v1')).toBe(500n);
    // What does not count any more is not taken from the sum that counts.
    expect(g.network().validatorStakeMicro).toBe(2_000n);
    for (let epoch = 0; epoch < 7; epoch += 1) g.endEpoch('v2', 'v3');
    g.refuse(
      'bob',
      evidence(proofOf(honest({ batch: 1 }), honest({ batch: 1, poolMicro: 1n }))),
      'unknown-node',
    );
    // Back again, it is punished no second time for what it has paid for.
    g.must('alice', registerValidator('alice', 'v1', 1_000n));
    g.refuse('bob', evidence(proofOf(honest(), honest({ poolMicro: 1n }))), 'already-punished');
  });
});

describe('a settlement against its own detail', () => {
  const proofOf = (body: SettlementBody, of: Uint8Array = detail, by = 'v1'): Misconduct => ({
    kind: 'settlement',
    validator: nodeOf('v1'),
    settlement: signedSettlement(by, body),
    detail: of,
  });
  const over = (bytes: Uint8Array, changes: Partial<SettlementBody> = {}): Misconduct =>
    proofOf(honest({ root: hashBytes(bytes), ...changes }), bytes);

  const vast = 2n ** 63n;
  test.each<[string, Misconduct]>([
    ['pays somebody else', proofOf(honest({ credits: [{ account: idOf('alice'), amountMicro: 15n }] }))],
    ['pays more', proofOf(honest({ credits: [{ account: idOf('bob'), amountMicro: 16n }] }))],
    ['charges less', proofOf(honest({ orders: [{ ...honest().orders[0]!, chargeMicro: 14n }] }))],
    ['closes one order more', proofOf(honest({ orders: [{ ...honest().orders[0]!, toSeq: 3 }] }))],
    [
      'names another client',
      proofOf(honest({ orders: [{ ...honest().orders[0]!, client: idOf('alice') }] })),
    ],
    ['slashes for nothing', proofOf(honest({ slashes: [{ node: nodeOf('star'), amountMicro: 1n }] }))],
    ['keeps a part for the pool', proofOf(honest({ poolMicro: 1n }))],
    ['counts other certificates', proofOf(honest({ certificates: 3 }))],
    ['has garbage for a detail', over(new Uint8Array([0xff, 0x00, 0x12]))],
    ['has no detail', over(new Uint8Array(0))],
    ['has another list for a detail', over(encode([{ some: 'thing' }]))],
    ['has a detail with a gap', over(settlementDetailBytes([effects(0, 10n), effects(2, 5n)]))],
    [
      'has a detail that counts an order twice',
      over(settlementDetailBytes([effects(0, 10n), effects(0, 5n)])),
    ],
    [
      'has a detail of more money than there can be',
      over(settlementDetailBytes([effects(0, vast), effects(1, vast)])),
    ],
    ['has a detail nested without end', over(new Uint8Array(100_000).fill(0x81))],
  ])('that %s costs half of the stake, once', (_, proof) => {
    g.must('bob', evidence(proof));
    expect(stakeOf('v1')).toBe(500n);
    expect([...g.state.offences.values()]).toMatchObject([{ kind: 'invalid-settlement' }]);
    g.refuse('carol', evidence(proof), 'already-punished');
  });

  test('that pays its detail proves nothing, from whatever order it begins', () => {
    g.refuse('bob', evidence(proofOf(honest())), 'invalid-evidence');
    const later = [effects(7, 10n), effects(8, 5n)];
    const body = netSettlement(later, {
      network: NETWORK,
      market: MARKET,
      batch: 3,
      gateway: nodeOf('gateway'),
      by: nodeOf('v2'),
      nextOrderSeq: () => 7,
    });
    g.refuse('bob', evidence(proofOf(body, settlementDetailBytes(later))), 'invalid-evidence');
  });

  test('with a detail that is not the one it names, or of another market or network, proves nothing', () => {
    const wrong = honest({ poolMicro: 1n });
    g.refuse('bob', evidence(proofOf(wrong, settlementDetailBytes([effects(0, 1n)]))), 'invalid-evidence');
    g.refuse('bob', evidence(proofOf({ ...wrong, market: elsewhere })), 'invalid-evidence');
    g.refuse('bob', evidence(proofOf({ ...wrong, network: 'other-net' })), 'invalid-evidence');
  });

  test('must be signed by the validator that is accused, as a settlement', () => {
    expect(signersOf(g, proofOf(honest()))).toEqual([nodeOf('v1')]);
    expect(holds(g, proofOf(honest(), detail, 'v2'))).toBe(false);
    const { signature } = signBody(keysOf('v1'), certificateDomain, honest());
    expect(holds(g, { ...proofOf(honest()), settlement: { body: honest(), signature } } as Misconduct)).toBe(
      false,
    );
  });
});
