import { hashOf, type MarketId, type NodeId, type RefusalCode, signBody } from '@market-of-experts/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { claimHash, grantDomain } from '../../../src/job/claims.ts';
import type { Statement } from '../../../src/job/equivocation.ts';
import { commitDomain, type OrderBody } from '../../../src/job/messages.ts';
import { previewTransaction } from '../../../src/ledger/preview.ts';
import { expertKey, prepaidKey } from '../../../src/ledger/state/state.ts';
import type { Misconduct } from '../../../src/ledger/transaction/misconduct.ts';
import { type Action, transactionSchema } from '../../../src/ledger/transaction/transaction.ts';
import {
  fixtureTerms,
  idOf,
  keysOf,
  MARKET,
  nodeOf,
  registerExpert,
  transactionFrom,
} from '../ledger-fixture.ts';
import type { Play } from '../play-fixture.ts';
import {
  accusedPlay,
  claim,
  evidence,
  grant,
  holds,
  orderBody,
  refusal,
  sealed,
  signersOf,
} from './evidence-fixture.ts';

let g: Play;
const order = orderBody();
const proofOf = (a: Statement, b: Statement, of: OrderBody = order): Misconduct => ({
  kind: 'statements',
  orders: [of],
  statements: [a, b],
});
const commitBy = (seal: number, ...rest: [('sealed' | 'full')?, string?, string?]): Statement => ({
  kind: 'commit',
  signed: sealed(order, hashOf('test/seal', seal), ...rest),
});
const stakeOf = (node: string) => g.state.experts.get(expertKey(MARKET, nodeOf(node)))?.stakeMicro;

beforeEach(() => {
  g = accusedPlay();
});

describe('statements of an expert that exclude one another', () => {
  const claimed = claim(order, {}, 'p1').signed;
  test.each<[string, Statement, Statement]>([
    ['grants to two members at a time', grant(order, 'p1'), grant(order, 'p2')],
    ['grants of two shares to one', grant(order, 'p1'), grant(order, 'p1', { askBps: 4_999 })],
    ['a grant and a refusal of one claim', grant(order, 'p1'), refusal(claimHash(claimed.body))],
    ['a refusal and a grant of one claim', refusal(claimHash(claimed.body)), grant(order, 'p1')],
    ['two seals of a stage', commitBy(0), commitBy(1)],
    [
      'claims of one number on two friends',
      claim(order, { worker: nodeOf('f1') }, 'star'),
      claim(order, { worker: nodeOf('f2') }, 'star'),
    ],
  ])('%s: half of the stake, a tenth of it to the reporter, the rest to nobody', (_, a, b) => {
    const before = g.balance('bob');
    g.must('bob', evidence(proofOf(a, b)));
    expect(stakeOf('star')).toBe(500n);
    expect(g.balance('bob')).toBe(before + 50n);
    expect([g.market().poolMicro, g.network().burntMicro]).toEqual([0n, 451n]);
    expect([...g.state.offences.values()]).toMatchObject([
      { kind: 'equivocation', amountMicro: 501n, rewardMicro: 50n, reporter: idOf('bob') },
    ]);
  });

  const otherJob = orderBody({ clientSeq: 1 });
  test.each<[string, Statement, Statement]>([
    ['one grant twice', grant(order, 'p1'), grant(order, 'p1')],
    [
      'grants one after the other',
      grant(order, 'p1'),
      grant(order, 'p2', { issuedMs: 1_000, expiresMs: 2_000 }),
    ],
    ['grants in two jobs', grant(order, 'p1'), grant(otherJob, 'p2')],
    ['grants of two friends', grant(order, 'p1'), grant(order, 'p2', {}, {}, 'other')],
    [
      'a refusal of another claim',
      grant(order, 'p1'),
      refusal(claimHash(claim(order, {}, 'p2').signed.body)),
    ],
    ['one seal twice', commitBy(0), commitBy(0)],
    ['seals of two stages', commitBy(0), commitBy(1, 'full')],
    ['seals for two members', commitBy(0), commitBy(1, 'sealed', 'star', 'p1')],
    ['a grant and a seal', grant(order, 'p1'), commitBy(0)],
    [
      'claims one after the other',
      claim(order, {}, 'star'),
      claim(order, { worker: nodeOf('f'), issuedMs: 1_000 }, 'star'),
    ],
    [
      'claims with two numbers',
      claim(order, {}, 'star'),
      claim(order, { worker: nodeOf('f'), index: 1 }, 'star'),
    ],
  ])('%s can both be true: nothing is proven', (_, a, b) => {
    g.refuse('bob', evidence(proofOf(a, b)), 'invalid-evidence');
  });

  test('count in the network and the market of their job only', () => {
    const elsewhere = 'other-market' as MarketId;
    g.must('carol', { kind: 'createMarket', market: elsewhere, terms: fixtureTerms() });
    g.must('alice', { ...registerExpert('alice', 'star', 900n), market: elsewhere } as Action);
    const proof = proofOf(grant(order, 'p1'), grant(order, 'p2'));
    g.refuse('bob', { ...evidence(proof), market: elsewhere } as Action, 'invalid-evidence');
    g.refuse('bob', { ...evidence(proof), market: 'nowhere' as MarketId } as Action, 'unknown-market');
    for (const foreign of [orderBody({ network: 'other-net' }), orderBody({ market: elsewhere })])
      g.refuse(
        'bob',
        evidence(proofOf(grant(foreign, 'p1'), grant(foreign, 'p2'), foreign)),
        'invalid-evidence',
      );
    // An order of this market that is not the job's proves nothing about the job.
    g.refuse(
      'bob',
      evidence({ ...proof, orders: [orderBody({ clientSeq: 1 })] } as Misconduct),
      'invalid-evidence',
    );
    g.must('bob', evidence(proof));
    expect(g.expert('star', elsewhere).stakeMicro).toBe(900n);
  });
});

describe('who is punished', () => {
  const two = (of = order) => proofOf(grant(of, 'p1'), grant(of, 'p2'), of);

  test('once, whatever else is shown, by whom and of however many jobs, until its delegators could leave', () => {
    g.must('bob', evidence(two()));
    g.refuse('carol', evidence(two()), 'already-punished');
    g.refuse('carol', evidence(proofOf(commitBy(0), commitBy(1))), 'already-punished');
    for (let clientSeq = 1; clientSeq < 100; clientSeq += 1)
      g.refuse('carol', evidence(two(orderBody({ clientSeq }))), 'already-punished');
    expect(stakeOf('star')).toBe(500n);
    // Who undelegates in the epoch that follows has his money seven epochs later: epoch 9.
    for (let epoch = 1; epoch < 16; epoch += 1) {
      g.refuse('bob', evidence(two(orderBody({ clientSeq: 1 }))), 'already-punished');
      g.endEpoch('v1', 'v2', 'v3');
    }
    g.endEpoch('v1', 'v2', 'v3');
    expect(g.state.offences.size).toBe(0);
    // By now the same proof is too old, and a new one counts.
    g.refuse('bob', evidence(two()), 'too-late');
    const { atMs } = g.network().liability.since;
    g.must('bob', evidence(two(orderBody({ clientSeq: 1, deadlineMs: atMs }))));
    expect(stakeOf('star')).toBe(250n);
  });

  test.each<[string, Partial<OrderBody>, string]>([
    ['a client who has prepaid nothing', { client: idOf('alice') }, 'invalid-evidence'],
    ['another gateway than the prepaid one', { coordinator: nodeOf('other') }, 'invalid-evidence'],
    ['a number that nobody has come to yet', { clientSeq: 65_536 }, 'invalid-evidence'],
    ['a date far ahead', { deadlineMs: 1_000 + 2 * 86_400_000 + 1 }, 'too-early'],
  ])('nobody for an invented order: %s', (_, changes, code) => {
    g.refuse('bob', evidence(two(orderBody(changes))), code as RefusalCode);
  });

  test('nobody for an order that is not settled and that nothing is prepaid for any more', () => {
    g = accusedPlay((tx) => ({ ...tx, rules: { ...tx.rules, epochMs: 3_600_000 } }));
    g.must('carol', { kind: 'unlock', market: MARKET, amountMicro: 1_000n });
    // While the money is there it pays for what was ordered, which can be shown as long.
    const recent = (): Action =>
      evidence(two(orderBody({ deadlineMs: g.network().epochStartedMs }))) as Action;
    const { fromEpoch } = g.state.prepaid.get(prepaidKey(idOf('carol'), MARKET))!.leaving!;
    while (g.network().epoch < fromEpoch - 1) g.endEpoch('v1', 'v2', 'v3');
    const shown = transactionFrom(g.state, 'bob', recent());
    expect(previewTransaction(g.state, shown).outcome).toEqual({ applied: true });
    g.endEpoch('v1', 'v2', 'v3');
    g.refuse('bob', recent(), 'invalid-evidence');
  });

  test('nobody for an order of a market that had this name before', () => {
    const elsewhere = 'other-market' as MarketId;
    g.endEpoch('v1', 'v2', 'v3');
    g.must('bob', { kind: 'createMarket', market: elsewhere, terms: fixtureTerms() });
    g.must('alice', { ...registerExpert('alice', 'star', 900n), market: elsewhere } as Action);
    g.must('carol', { kind: 'lock', market: elsewhere, gateway: nodeOf('gateway'), amountMicro: 10n });
    const there = (deadlineMs: number): Action =>
      ({
        ...evidence(two(orderBody({ market: elsewhere, deadlineMs }))),
        market: elsewhere,
      }) as Action;
    g.refuse('bob', there(999), 'too-late');
    g.must('bob', there(1_000));
  });

  test('nobody who is not registered', () => {
    const by = (principal: string): Statement => grant(order, principal, {}, {}, 'nobody');
    g.refuse('bob', evidence(proofOf(by('p1'), by('p2'))), 'unknown-node');
  });

  test('who has left the service, until the last day of unbonding, with what he is taking out', () => {
    g.must('alice', {
      kind: 'unstake',
      target: { role: 'expert', market: MARKET, node: nodeOf('star') },
      amountMicro: 400n,
    });
    g.must('alice', { kind: 'deregister', target: { role: 'expert', market: MARKET, node: nodeOf('star') } });
    for (let epoch = 0; epoch < 6; epoch += 1) g.endEpoch('v1', 'v2', 'v3');
    g.must('bob', evidence(two()));
    expect(g.expert('star')).toMatchObject({ stakeMicro: 300n, unbondingMicro: 200n });
    const before = g.balance('alice');
    g.endEpoch('v1', 'v2', 'v3');
    expect(g.balance('alice')).toBe(before + 500n);
    g.refuse('bob', evidence(two(orderBody({ clientSeq: 1 }))), 'unknown-node');
  });

  test('a replaced key: for what the old one signed', () => {
    const { consent } = registerExpert('alice', 'star-new', 1n) as Extract<
      Action,
      { kind: 'registerExpert' }
    >;
    g.must('alice', {
      kind: 'rotate',
      target: { role: 'expert', market: MARKET, node: nodeOf('star') },
      next: nodeOf('star-new'),
      consent,
    });
    g.must('bob', evidence(two()));
    expect(stakeOf('star-new')).toBe(500n);
    g.refuse('bob', evidence(two()), 'already-punished');
    // Replacing a punished key does not open the account again.
    g.endEpoch('v1', 'v2', 'v3');
    const next = registerExpert('alice', 'star-newer', 1n) as Extract<Action, { kind: 'registerExpert' }>;
    g.must('alice', {
      kind: 'rotate',
      target: { role: 'expert', market: MARKET, node: nodeOf('star-new') },
      next: nodeOf('star-newer'),
      consent: next.consent,
    });
    g.refuse('bob', evidence(two()), 'already-punished');
  });
});

describe('who reports', () => {
  const proof = proofOf(grant(order, 'p1'), grant(order, 'p2'));

  test('earns for its owner if it is a node, validator or expert of the market', () => {
    g.must('carol', registerExpert('carol', 'witness', 100n));
    const before = g.balance('carol');
    g.mustNode('witness', evidence(proof));
    expect(g.balance('carol')).toBe(before + 50n);
  });

  test('earns nothing of what delegators lose', () => {
    const target = { role: 'expert', market: MARKET, node: nodeOf('star') } as const;
    g.must('carol', { kind: 'delegate', target, amountMicro: 100_000n });
    g.endEpoch('v1', 'v2', 'v3');
    const before = g.balance('bob');
    g.must('bob', evidence(proof));
    expect(g.balance('bob')).toBe(before + 50n);
    expect(g.network().burntMicro).toBe(50_501n - 50n);
  });

  test('must be registered if it is a node: strangers have no nonce to fill the ledger with', () => {
    g.refuseNode('stranger', evidence(proof), 'not-authorised');
  });
});

test('a reveal that does not open its seal is no evidence: the certificate of its job punishes it', () => {
  const { orders } = proofOf(commitBy(0), commitBy(1)) as Extract<Misconduct, { kind: 'statements' }>;
  const proof = { kind: 'reveal', orders, commit: sealed(order, hashOf('test/seal', 0)), reveal: {} };
  const tx = { kind: 'evidence', network: 'test-net', from: idOf('bob'), nonce: 0, market: MARKET, proof };
  expect(transactionSchema.safeParse(tx).success).toBe(false);
});

describe('what must be signed', () => {
  test('both statements, and the claims in grants', () => {
    const proof = proofOf(grant(order, 'p1'), grant(order, 'p2'));
    expect(signersOf(g, proof)).toEqual(['star', 'p1', 'star', 'p2'].map(nodeOf));
    const transaction = { ...evidence(proof), network: 'test-net', from: idOf('bob'), nonce: 0 };
    expect(transactionSchema.parse(transaction)).toEqual(transaction);
    expect(signersOf(g, proofOf(grant(order, 'p1'), refusal(hashOf('test/claim', 0))))).toEqual(
      ['star', 'p1', 'star'].map(nodeOf),
    );
    expect(signersOf(g, proofOf(commitBy(0), commitBy(1)))).toEqual(['star', 'star'].map(nodeOf));
  });

  test('a forged statement, claim or author does not hold', () => {
    const [a, b] = [grant(order, 'p1'), grant(order, 'p2')];
    expect(holds(g, proofOf(a, b))).toBe(true);
    // p3 signs what only the expert may say; then says it in the expert's name.
    const byOther = signBody(keysOf('p3'), grantDomain, b.signed.body);
    expect(holds(g, proofOf(a, { kind: 'grant', signed: { ...byOther, by: nodeOf('star') } }))).toBe(false);
    // A claim that was never made, inside a grant that was never given for it.
    const { claim: asked } = b.signed.body;
    const unasked = { ...b.signed.body, claim: { ...asked, body: { ...asked.body, index: 1 } } };
    expect(
      holds(g, proofOf(a, { kind: 'grant', signed: signBody(keysOf('star'), grantDomain, unasked) })),
    ).toBe(false);
    // A signature for another purpose.
    const seal = sealed(order, hashOf('test/seal', 1));
    const moved = signBody(keysOf('star'), grantDomain, seal.body);
    expect(holds(g, proofOf(commitBy(0), { kind: 'commit', signed: moved }))).toBe(false);
    expect(commitDomain).not.toBe(grantDomain);
  });

  test('an author who is not who the statement is about accuses nobody', () => {
    const worker = nodeOf('star') as NodeId;
    const forged = (principal: string): Statement => ({
      kind: 'grant',
      signed: signBody(keysOf('p3'), grantDomain, grant(order, principal).signed.body),
    });
    expect(worker).not.toBe(nodeOf('p3'));
    g.refuse('bob', evidence(proofOf(forged('p1'), forged('p2'))), 'invalid-evidence');
  });
});
