import { type AccountId, decode, encode, generateKeyPair, type NodeId } from '@market-of-experts/core';
import { resumeOrders } from '@market-of-experts/host/market/resume';
import { memoryReceipts } from '@market-of-experts/ledger';
import type { Transport } from '@market-of-experts/network';
import {
  certificateEffects,
  netSettlement,
  type SettlementBody,
  type VoidBody,
  voidEffects,
} from '@market-of-experts/protocol';
import { decodeRecord, encodeRecord } from '@market-of-experts/receipts/receipt-record';
import {
  type LedgerMarket,
  type LedgerMarketInit,
  ledgerMarket,
} from '@market-of-experts/testing/ledger-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, describe, expect, it } from 'vitest';
import { call } from '../../src/messages/messaging.ts';
import { protocols, voidResponseSchema } from '../../src/messages/protocols.ts';
import { settlementRequestSchema, settlementResponseSchema } from '../../src/messages/settlement-request.ts';
import { keptBatch } from '../../src/receipts/kept-batch.ts';
import type { ProvenOrder } from '../../src/settlement/settlement-proposal.ts';
import { readStandings } from '../../src/settlement/standings-file.ts';
import { overdueMs } from '../../src/validator/stand-ins.ts';

/** Until witnesses have certified it without the coordinator, and until all validators but one could have stood in. */
const boundedMs = 240_000;
const work = [protocols.certify, protocols.settle, protocols.void];
const everything = Object.values(protocols);

let market: LedgerMarket;
/** Messages of these protocols the gateway does not send. */
let withheld: ReadonlySet<string>;
/** Settlements that the ledger has. */
let settled: SettlementBody[];
/** Called for every question whatever node asks it; may hold it up or throw. */
let onRequest: (from: NodeId, to: NodeId, protocol: string, request: Uint8Array) => Promise<void> | void;

async function open(init: Partial<LedgerMarketInit> = {}): Promise<void> {
  withheld = new Set();
  settled = [];
  onRequest = () => undefined;
  market = await ledgerMarket({ validators: 4, ...init, tap });
  market.ledger.onApplied(({ transaction }) => {
    if (transaction.kind === 'settle') settled.push(transaction.settlement);
  });
}
function tap(transport: Transport): Transport {
  const request = transport.request.bind(transport);
  transport.request = async (to, protocol, bytes, options) => {
    if (transport.self === market?.gateway.self && withheld.has(protocol)) throw new Error('withheld');
    await onRequest(transport.self, to, protocol, bytes);
    return request(to, protocol, bytes, options);
  };
  return transport;
}
afterEach(() => market.close());

const client = (index = 0) => market.clients[index]!;
const pass = (ms: number) => market.clock.sleep(ms);
const nextSeq = (of: AccountId = client()) => market.ledger.nextOrderSeq(of, market.market);
const nextBatch = () => market.ledger.market(market.market)!.nextBatch;
const earnedMicro = () => market.ledger.account(market.ownerOf('expert-owner').address).balanceMicro;
const claimCount = () => market.claims.reduce((sum, book) => sum + book.all().length, 0);
const served = (topic: number, account: AccountId = client()) =>
  market.coordinator.examine({
    text: textAbout(topic),
    account,
    mode: 'shard',
    kind: 'client',
    maxFeeMicro: undefined,
    isTextPublic: false,
    signal: new AbortController().signal,
  });
/** A job of which the gateway keeps what follows the experts' answers to itself; it may tell its client that nothing came of it. */
const delivered = (topic: number) => served(topic).catch(() => undefined);
/** The time until this holds, to a second; fails when it takes longer than `atMostMs`. */
async function until(what: string, holds: () => boolean, atMostMs = boundedMs): Promise<number> {
  const startMs = market.clock.steadyMs();
  while (!holds()) {
    if (market.clock.steadyMs() - startMs > atMostMs)
      throw new Error(`${what}: not within ${atMostMs} ms. ${market.warnings.join(' | ')}`);
    await pass(1_000);
  }
  return market.clock.steadyMs() - startMs;
}
const allHoldClaims = (count: number) =>
  until('claims', () => market.claims.every((book) => book.all().length >= count));
async function mustBeSound(): Promise<void> {
  const { supplyMicro } = market.ledger.settings();
  expect(market.ledger.totalMicro()).toBe(supplyMicro);
  await pass(10_000);
  expect(market.settler.pending()).toBe(0);
  expect(market.receipts.pendingCount()).toBe(0);
  for (const each of market.clients) expect(market.orders.balance(each).reservedMicro).toBe(0n);
  expect(market.view.standings().batch).toBe(nextBatch());
  expect(claimCount()).toBe(0);
}

describe('certified work that its gateway does not settle', () => {
  it('is paid within minutes: the gateway delivered to its client and never asked for a certificate', async () => {
    await open();
    const before = earnedMicro();
    withheld = new Set(work);
    await delivered(1);
    expect(await until('pay', () => nextSeq() > 0)).toBeGreaterThan(overdueMs);
    await until('the rest', () => claimCount() === 0);
    expect(earnedMicro()).toBeGreaterThan(before);
    expect(settled).toMatchObject([{ gateway: market.gateway.self, by: expect.any(String) }]);
    expect(market.validators).toContain(settled[0]!.by);
    await mustBeSound();
    // The gateway did not order it again: a text is charged once.
    expect(nextSeq()).toBe(1);
    expect(market.view.standings().totals).toMatchObject({ certified: 1, refunded: 0 });
  });

  it('is paid when the gateway has the certificate and settles nothing, and its receipt says so', async () => {
    await open();
    withheld = new Set([protocols.settle, protocols.void]);
    await served(2);
    expect(market.receipts.pendingCount()).toBe(1);
    await until('pay', () => nextSeq() > 0);
    await mustBeSound();
    const [receipt] = (await market.receipts.recent(50)).filter(
      ({ id }) => id === market.records[0]!.effects.proof || !/^(batch|roster|proposed)/.test(id),
    );
    expect(decodeRecord(receipt!.bytes).batch).toBe(0);
    expect(await keptBatch(market.receipts, settled[0]!)).toBeDefined();
  });

  it('is paid when the gateway is gone for good, with what came to nothing in between', async () => {
    await open();
    const before = earnedMicro();
    withheld = new Set(work);
    await delivered(1);
    withheld = new Set([...work, protocols.ticket]);
    await delivered(2);
    withheld = new Set(work);
    await delivered(3);
    withheld = new Set(everything);
    await market.gateway.close();
    await allHoldClaims(2);
    const claimed = market.claims[0]!.all().map(({ certificate }) => certificate.body.data[0]!.clientSeq);
    const last = Math.max(...claimed);
    // Some numbers below the last have no certificate.
    expect(last + 1).toBeGreaterThan(claimed.length);
    await until('pay', () => nextSeq() > last, 2 * boundedMs);
    expect(nextSeq()).toBe(last + 1);
    expect(earnedMicro()).toBeGreaterThan(before);
    expect(market.ledger.totalMicro()).toBe(market.ledger.settings().supplyMicro);
    expect(claimCount()).toBe(0);
  });

  it('is paid however many numbers before it came to nothing', async () => {
    await open();
    withheld = new Set([...work, protocols.ticket]);
    for (let text = 0; text < 80; text += 1) await delivered(text);
    withheld = new Set(work);
    await delivered(100);
    withheld = new Set(everything);
    await allHoldClaims(1);
    const last = market.claims[0]!.all().at(-1)!.certificate.body.data[0]!.clientSeq;
    expect(last).toBeGreaterThan(80);
    await until('pay', () => nextSeq() > last);
    expect(settled.length).toBeGreaterThan(1);
  });

  it('is paid although every validator was restarted while it waited', async () => {
    await open();
    withheld = new Set(work);
    await delivered(4);
    await allHoldClaims(1);
    await pass(overdueMs / 2);
    for (const index of market.validators.keys()) await market.restartValidator(index);
    await until('pay', () => nextSeq() > 0);
    await mustBeSound();
  });

  it('is paid although its gateway had half of the validators sign another settlement of the number, and stopped', async () => {
    await open();
    let signed = 0;
    onRequest = (from, to, protocol) => {
      if (from !== market.gateway.self || protocol !== protocols.settle) return;
      if (market.validators.indexOf(to) >= 2) throw new Error('withheld');
      signed += 1;
    };
    await served(5);
    await until('half of the signatures', () => signed >= 2, 10_000);
    withheld = new Set(everything);
    await until('pay', () => nextSeq() > 0);
    expect(settled[0]!.by).not.toBe(market.gateway.self);
    // What the gateway kept of its own proposal is not taken for what was settled.
    await mustBeSound();
    expect(await keptBatch(market.receipts, settled[0]!)).toMatchObject({ batch: 0 });
  });

  it('is paid once when two validators stand in at the same time', async () => {
    await open();
    const order = [...market.validators].sort();
    let release: () => void;
    const secondHasAsked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const proposers = new Set<NodeId>();
    onRequest = async (from, _, protocol) => {
      if (protocol !== protocols.settle || from === market.gateway.self) return;
      proposers.add(from);
      if (from === order[1]) release();
      if (from === order[0]) await secondHasAsked;
    };
    withheld = new Set(work);
    await delivered(6);
    await until('pay', () => nextSeq() > 0);
    expect([...proposers].sort()).toEqual(order.slice(0, 2));
    await pass(60_000);
    expect(settled).toHaveLength(1);
    await mustBeSound();
  });

  it('is settled with the numbers that other gateways leave, however fast they go on', async () => {
    await open({ funded: ['busy'] });
    const busy = market.connect(generateKeyPair().publicKey as NodeId);
    const owner = market.ownerOf('busy');
    await market.ledger.transact(owner, {
      kind: 'lock',
      market: market.market,
      gateway: busy.self,
      amountMicro: 100_000n,
    });
    withheld = new Set(work);
    await delivered(7);
    let isOver = false;
    const others = (async () => {
      while (!isOver) {
        await settleVoid(busy, owner.address).catch(() => undefined);
        await pass(2_000);
      }
    })();
    await until('pay', () => nextSeq() > 0);
    isOver = true;
    await others;
    expect(settled.length).toBeGreaterThan(10);
    expect(settled.filter(({ gateway }) => gateway === market.gateway.self)).toHaveLength(1);
  });

  it('a gateway that comes back goes on from there', async () => {
    await open();
    withheld = new Set(work);
    await delivered(8);
    await until('pay', () => nextSeq() > 0);
    withheld = new Set();
    await served(9);
    await until('a settlement of its own', () => settled.at(-1)!.by === market.gateway.self, 60_000);
    await mustBeSound();
  });

  it('leaves nothing pending, nor a market that cannot start, where its content is not known to the gateway', async () => {
    await open({ keepsOthersBatches: false });
    withheld = new Set([protocols.settle, protocols.void]);
    await served(10);
    await until('pay', () => nextSeq() > 0);
    await mustBeSound();
    const start = await readStandings({
      path: '/nowhere/standings.cbor',
      ledger: market.ledger,
      market: market.market,
      gateway: market.gateway.self,
      receipts: market.receipts,
      onWarning: () => undefined,
    });
    expect(start.batch).toBe(1);
  });

  it('a gateway that was down meanwhile finds its order closed when it starts again', async () => {
    await open();
    withheld = new Set([protocols.settle, protocols.void]);
    await served(11);
    const [record] = market.records;
    await until('pay', () => nextSeq() > 0);
    const receipts = memoryReceipts();
    await receipts.put('its-order', encodeRecord(record!), { pending: true });
    const { orders } = await resumeOrders(receipts, market.ledger, market.market);
    expect(orders).toEqual([]);
    expect(receipts.pendingCount()).toBe(0);
    expect(decodeRecord((await receipts.get('its-order'))!).batch).toBe(0);
  });
});

/** A gateway settles its client's next order as void. */
async function settleVoid(by: Transport, account: AccountId): Promise<void> {
  const options = { timeoutMs: 5_000 };
  const clientSeq = nextSeq(account);
  const question = encode({ client: account, clientSeq });
  for (const node of market.validators)
    await call(by, node, protocols.void, question, voidResponseSchema, options);
  const { settlement, proofs } = proposal([voided(clientSeq, account)], by.self, by.self);
  const signatures = [];
  for (const node of market.validators) signatures.push(await ask(by, node, { settlement, proofs }));
  await market.ledger.transact(market.ownerOf('busy'), { kind: 'settle', settlement, signatures });
}
const place = () => ({ network: market.ledger.network, market: market.market });
function voided(clientSeq: number, account = client()): ProvenOrder {
  const body: VoidBody = { ...place(), client: account, clientSeq, reason: 'It came to nothing.' };
  return { proof: { kind: 'void', body }, effects: voidEffects(body) };
}
function certified(clientSeq: number): ProvenOrder {
  const { certificate, opening } = market.claims[1]!.of(client(), clientSeq)!;
  return {
    proof: { kind: 'certificate', certificate, data: [0], tickets: opening.tickets, roster: opening.roster },
    effects: certificateEffects(certificate, 0, market.view.rosterOf(opening.roster)!),
  };
}
function proposal(orders: readonly ProvenOrder[], by: NodeId, gateway = market.gateway.self) {
  const settlement = netSettlement(
    orders.map(({ effects }) => effects),
    { ...place(), batch: nextBatch(), gateway, by, nextOrderSeq: nextSeq },
  );
  return { settlement, proofs: orders.map(({ proof }) => proof) };
}
const ask = async (from: Transport, to: NodeId, request: ReturnType<typeof proposal>) =>
  (await call(from, to, protocols.settle, encode(request), settlementResponseSchema, { timeoutMs: 5_000 }))
    .signature;
/** Why each validator refuses; undefined where one signs. */
const refusals = (from: Transport, request: ReturnType<typeof proposal>): Promise<(string | undefined)[]> =>
  Promise.all(
    market.validators.map((node) =>
      ask(from, node, request).then(
        () => undefined,
        (error: Error) => error.message,
      ),
    ),
  );

describe('nobody else settles in place of a gateway', () => {
  /** A client's number that came to nothing, and certified work after it; the test asks in the validators' place. */
  async function withClaims(): Promise<void> {
    await open();
    onRequest = (from, _, protocol) => {
      if (from !== market.gateway.self && protocol === protocols.settle) throw new Error('the test asks');
    };
    withheld = new Set([...work, protocols.ticket]);
    await delivered(1);
    withheld = new Set(work);
    await delivered(2);
    withheld = new Set(everything);
    await allHoldClaims(1);
  }
  const asValidator = async (): Promise<Transport> => {
    await market.stopValidator(0);
    return market.network.connect(market.validators[0]!);
  };

  it('a stranger, an expert, or a validator that names another; and no validator before the time', async () => {
    await open();
    onRequest = (from, _, protocol) => {
      if (from !== market.gateway.self && protocol === protocols.settle) throw new Error('the test asks');
    };
    withheld = new Set(work);
    await delivered(1);
    await allHoldClaims(1);
    const stranger = market.network.connect(generateKeyPair().publicKey as NodeId);
    const validator = await asValidator();
    const early = await refusals(validator, proposal([certified(0)], validator.self));
    expect(early.slice(1).every((why) => why?.includes('no certified work below it is overdue here'))).toBe(
      true,
    );
    await pass(overdueMs);
    for (const by of [stranger.self, market.gateway.self, market.validators[1]!])
      for (const why of await refusals(stranger, proposal([certified(0)], by))) expect(why).toBeDefined();
    for (const why of (await refusals(validator, proposal([certified(0)], market.validators[1]!))).slice(1))
      expect(why).toMatch(/brought by/);
    expect((await refusals(validator, proposal([certified(0)], validator.self))).slice(1)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await stranger.close();
    await validator.close();
  });

  it('a validator settles no client without overdue work, nothing beyond it, and nothing certified as void', async () => {
    await withClaims();
    await pass(2 * overdueMs + 600_000);
    const validator = await asValidator();
    const nothing = await refusals(validator, proposal([voided(0, client(1))], validator.self));
    expect(nothing.slice(1).every((why) => why?.includes('is overdue here'))).toBe(true);
    const claimed = market.claims[1]!.all().map(({ certificate }) => certificate.body.data[0]!.clientSeq);
    const last = Math.max(...claimed);
    const numbers = Array.from({ length: last + 1 }, (_, seq) => seq);
    const right = numbers.map((seq) => (claimed.includes(seq) ? certified(seq) : voided(seq)));
    const refusing = async (orders: readonly ProvenOrder[], why: RegExp) => {
      for (const said of (await refusals(validator, proposal(orders, validator.self))).slice(1))
        expect(said).toMatch(why);
    };
    expect(claimed.length).toBeLessThan(numbers.length);
    await refusing([...right, voided(last + 1)], /overdue here/);
    await refusing(
      numbers.map((seq) => voided(seq)),
      /certified: its job is paid/,
    );
    const toHimself = right.map((order) => ({
      ...order,
      effects: { ...order.effects, deltas: order.effects.deltas.slice(0, 1) },
    }));
    await refusing(toHimself, /does not pay what its proofs say/);
    expect((await refusals(validator, proposal(right, validator.self))).slice(1)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await validator.close();
  });
});

it('in healthy operation no validator stands in, nor waits to', async () => {
  await open();
  await served(1);
  await served(2, client(1));
  await pass(10_000);
  expect(claimCount()).toBe(0);
  const requests: string[] = [];
  onRequest = (from, _, protocol, bytes) => {
    if (protocol === protocols.settle) requests.push(decode(bytes, settlementRequestSchema).settlement.by);
    else if (market.validators.includes(from)) requests.push(protocol);
  };
  await pass(10 * overdueMs);
  expect(requests).toEqual([]);
  expect(settled.every(({ by }) => by === market.gateway.self)).toBe(true);
  await mustBeSound();
});
