import {
  encode,
  generateKeyPair,
  type Hash,
  hashOf,
  type KeyPair,
  type NodeId,
  signBody,
  systemClock,
} from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import {
  type ArrivalRecord,
  type Certificate,
  type CertificateBody,
  certificateDomain,
  certificateEffects,
  commitDomain,
  type Effects,
  jobIdOf,
  netSettlement,
  openJob,
  releaseTicket,
  type SealedJob,
  type SettlementBody,
  signedForm,
  signSettlement,
  type TallyBody,
  tallyDomain,
  tallyEffects,
  ticketList,
  type VoidBody,
  verifyTicket,
  voidEffects,
} from '@market-of-experts/protocol';
import type { SettlementProof } from '@market-of-experts/receipts/settlement-proof';
import { basePositions } from '@market-of-experts/testing/reserve-texts';
import { type SmallMarket, smallMarket } from '@market-of-experts/testing/small-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ShardOutcome } from '../../src/coordinator/shard-job.ts';
import { openingBytes } from '../../src/job/job-request.ts';
import { call } from '../../src/messages/messaging.ts';
import {
  arrivalsResponseSchema,
  certifyResponseSchema,
  protocols,
  ticketResponseSchema,
} from '../../src/messages/protocols.ts';
import { settlementResponseSchema } from '../../src/messages/settlement-request.ts';
import type { ArrivedMessage } from '../../src/validator/arrivals.ts';

let market: SmallMarket;
beforeEach(() => {
  // Wrong signatures are found out on another thread, which virtual time does not wait for.
  market = smallMarket({ experts: 3, clock: systemClock });
});
afterEach(() => market.close());

const text = textAbout(1_000);
const validator = () => market.validators[0]!;
const ask = <Answer>(
  protocol: string,
  request: unknown,
  schema: Parameters<typeof call<Answer>>[4],
  by: Transport = market.coordinator.transport,
): Promise<Answer> => call(by, validator().node, protocol, encode(request), schema, { timeoutMs: 5_000 });

describe('tickets', () => {
  const ticketFor = (order: unknown, by?: Transport) =>
    ask(protocols.ticket, { orders: [order], roster: market.rosterHash }, ticketResponseSchema, by);

  it('are released once for an order: the same one however often it is asked for', async () => {
    const { order } = market.order({ text });
    const left = validator().tickets.left();
    const first = await ticketFor(order);
    expect(await ticketFor(order)).toEqual(first);
    expect(validator().tickets.left()).toBe(left - 1);
    const expected = {
      job: first.ticket.body.job,
      validator: validator().node,
      root: validator().tickets.root,
    };
    expect(verifyTicket(first.ticket, expected)).toBe(true);
    const second = await ticketFor(market.order({ text }).order);
    expect(second.ticket.body.secret).not.toBe(first.ticket.body.secret);
  });

  it('are not released to strangers, for unsigned orders, nor beyond the list', async () => {
    const { order } = market.order({ text });
    const stranger = market.network.connect(hashOf('test', 'stranger') as string as NodeId);
    await expect(ticketFor(order, stranger)).rejects.toThrow(/brought by its coordinator/);
    await stranger.close();
    await expect(ticketFor({ ...order, body: { ...order.body, tipMicro: 9n } })).rejects.toThrow(/signature/);
    while (validator().tickets.left() > 0) await ticketFor(market.order({ text }).order);
    await expect(ticketFor(order)).rejects.toMatchObject({ isRetryable: true });
  });
});

describe('arrivals', () => {
  const arrivals = (job: Pick<SealedJob, 'id' | 'orders' | 'roster' | 'tickets'>, stage: string) =>
    ask(
      protocols.arrivals,
      {
        job: job.id,
        stage,
        opening: openingBytes(job),
        // A question to which no expert here has an answer: it knows of no such job.
        asked: encode({
          orders: job.orders,
          roster: market.rosterHash,
          tickets: job.tickets,
          first: { texts: [''], salt: new Uint8Array(0) },
          positions: basePositions(['part'], market.roster.parameters),
          assignment: hashOf('x', 0),
        }),
      },
      arrivalsResponseSchema,
    ) as Promise<{ record: ArrivalRecord; messages: ArrivedMessage[] }>;

  it('name everybody who answered, whatever the coordinator says of them', async () => {
    const { transcript } = await market.runJob({ text });
    const job = openJob(transcript.orders, market.roster, transcript.tickets);
    const everyone = market.experts.map(({ node }) => node).sort();
    for (const stage of ['sealed', 'full', 'reveal'])
      expect((await arrivals(job, stage)).record.body.principals.toSorted()).toEqual(everyone);
  });

  it('hold each sender’s first signed message of a stage only, and nothing in another’s name', async () => {
    await market.close();
    // Nobody who is asked answers: what the witness knows is what it is told.
    market = smallMarket({ experts: 3, clock: systemClock, strangers: [0, 1, 2] });
    const { order } = market.order({ text });
    const id = jobIdOf([order.body]);
    const job = openJob([order], market.roster, [validator().tickets.release(id)]);
    const [a, b] = market.experts as [(typeof market.experts)[number], (typeof market.experts)[number]];
    const commit = (of: { node: NodeId }, seal: number, keys: KeyPair) => ({
      commit: signBody(keys, commitDomain, {
        job: id,
        stage: 'sealed' as const,
        principal: of.node,
        worker: of.node,
        list: hashOf('list', 0),
        seal: hashOf('seal', seal),
      }),
    });
    const tell = (from: { transport: Transport }, said: unknown) =>
      from.transport.notify(
        validator().node,
        protocols.arrived,
        encode({ job: id, opening: openingBytes(job), said }),
      );
    tell(b, commit(a, 0, b.keys));
    tell(b, commit(a, 0, a.keys));
    tell(b, commit(b, 0, a.keys));
    tell(b, 'nonsense');
    expect((await arrivals(job, 'sealed')).record.body.principals).toEqual([]);
    for (let seal = 0; seal < 100; seal += 1) tell(b, commit(b, seal, b.keys));
    tell(a, commit(a, 0, a.keys));
    await systemClock.sleep(1);
    const { record, messages } = await arrivals(job, 'sealed');
    expect(record.body.principals).toEqual([b.node, a.node]);
    expect(messages).toHaveLength(2);
    expect(messages[0]).toMatchObject({ commit: { body: { seal: hashOf('seal', 0) } } });
  });
});

describe('certificates', () => {
  const certify = (transcript: unknown, by?: Transport) =>
    ask(protocols.certify, { transcript }, certifyResponseSchema, by);

  it('are signed again for the same transcript, never for another outcome of the job', async () => {
    const { transcript, certificate } = await market.runJob({ text });
    expect((await certify(transcript)).body).toEqual(certificate.body);
    const reordered = { ...transcript, fullCommits: transcript.fullCommits.toReversed() };
    await expect(certify(reordered)).rejects.toThrow(/something else in the job/);
  });

  it('are for the coordinator of the order, about a known roster, with valid signatures', async () => {
    const { transcript } = await market.runJob({ text });
    const stranger = market.network.connect(hashOf('test', 'stranger') as string as NodeId);
    await expect(certify(transcript, stranger)).rejects.toThrow(/Only the coordinator/);
    await stranger.close();
    await expect(certify({ ...transcript, roster: hashOf('x', 1) })).rejects.toThrow(/another roster/);
    const [first, ...rest] = transcript.commits;
    const forged = { ...transcript, commits: [{ ...first!, signature: new Uint8Array(64) }, ...rest] };
    await expect(certify(forged)).rejects.toThrow(/is not valid/);
  });
});

describe('settlements', () => {
  const gateway = () => market.coordinator.node;
  const place = () => ({ network: market.roster.network, market: market.roster.market });
  const settlementOf = (
    effects: readonly Effects[],
    changes: Partial<SettlementBody> = {},
  ): SettlementBody => ({
    ...netSettlement(effects, {
      ...place(),
      batch: 0,
      gateway: gateway(),
      by: gateway(),
      nextOrderSeq: () => 0,
    }),
    ...changes,
  });
  const settle = (settlement: SettlementBody, ...proofs: SettlementProof[]) =>
    ask(protocols.settle, { settlement, proofs }, settlementResponseSchema);
  const proofOf = ({ certificate, transcript }: ShardOutcome, changed?: Certificate): SettlementProof => ({
    kind: 'certificate',
    certificate: changed ?? certificate,
    data: [0],
    tickets: transcript.tickets,
    roster: market.rosterHash,
  });
  const voidProof = (changes: Partial<VoidBody> = {}) => {
    const body: VoidBody = {
      ...place(),
      client: market.client.address,
      clientSeq: 0,
      reason: 'test',
      ...changes,
    };
    return { kind: 'void' as const, body };
  };

  it('are signed when every order has its proof and the sums are right', async () => {
    const outcome = await market.runJob({ text });
    const skipped = voidProof({ clientSeq: 1 });
    const effects = [certificateEffects(outcome.certificate, 0, market.roster), voidEffects(skipped.body)];
    const settlement = settlementOf(effects);
    const { signature } = await settle(settlement, proofOf(outcome), skipped);
    expect(signature).toEqual(signSettlement(validator().keys, settlement));
  });

  it.each<[string, (outcome: ShardOutcome, effects: Effects) => [SettlementBody, SettlementProof[]], RegExp]>(
    [
      [
        'a payment to another',
        (o, e) => [
          settlementOf([
            {
              ...e,
              deltas: e.deltas.map((d, i) => (i === 1 ? { ...d, account: market.roster.marketOwner } : d)),
            },
          ]),
          [proofOf(o)],
        ],
        /does not pay/,
      ],
      [
        'a higher charge',
        (o, e) => {
          const s = settlementOf([e]);
          return [
            { ...s, orders: s.orders.map((order) => ({ ...order, chargeMicro: order.chargeMicro + 1n })) },
            [proofOf(o)],
          ];
        },
        /does not pay/,
      ],
      [
        'a slash without reason',
        (o, e) => [
          settlementOf([{ ...e, slashes: [{ node: market.experts[0]!.node, amountMicro: 5n }] }]),
          [proofOf(o)],
        ],
        /does not pay/,
      ],
      ['a missing proof', (_, e) => [settlementOf([e]), []], /does not pay/],
      ['an order twice', (o, e) => [settlementOf([e]), [proofOf(o), proofOf(o)]], /gap/],
      [
        'a changed certificate',
        (o, e) => [
          settlementOf([e]),
          [proofOf(o, { ...o.certificate, body: { ...o.certificate.body, place: 1 } })],
        ],
        /signatures of its witnesses/,
      ],
      [
        'no signatures',
        (o, e) => [settlementOf([e]), [proofOf(o, { ...o.certificate, signatures: [] })]],
        /signatures of its witnesses/,
      ],
      ['another network', (o, e) => [settlementOf([e], { network: 'other' }), [proofOf(o)]], /is from other/],
      [
        'another market',
        (o, e) => [settlementOf([e], { market: 'images' as never }), [proofOf(o)]],
        /images/,
      ],
      [
        'an unknown roster',
        (o, e) => [settlementOf([e]), [{ ...proofOf(o), roster: hashOf('x', 1) } as SettlementProof]],
        /not known here/,
      ],
    ],
  )('are refused with %s', async (_, make, reason) => {
    const outcome = await market.runJob({ text });
    const [settlement, proofs] = make(outcome, certificateEffects(outcome.certificate, 0, market.roster));
    await expect(settle(settlement, ...proofs)).rejects.toThrow(reason);
  });

  it('are refused with witnesses chosen by tickets of one’s own', async () => {
    const outcome = await market.runJob({ text });
    const { node, keys } = validator();
    const list = ticketList(hashOf('thief', 'list'), 2);
    const effects = certificateEffects(outcome.certificate, 0, market.roster);
    for (const tickets of [
      [],
      [releaseTicket(keys, list, 0, outcome.certificate.body.job)],
      outcome.transcript.tickets.map((ticket) => ({
        ...ticket,
        body: { ...ticket.body, secret: hashOf('x', node) },
      })),
    ])
      await expect(
        settle(settlementOf([effects]), { ...proofOf(outcome), tickets } as SettlementProof),
      ).rejects.toThrow(/tickets of a certificate/);
  });

  it('are refused with a certificate that the witness signed about another roster', async () => {
    const outcome = await market.runJob({ text });
    const body: CertificateBody = { ...outcome.certificate.body, roster: hashOf('x', 1) };
    const { signature } = signBody(validator().keys, certificateDomain, signedForm(body));
    const certificate = { body, signatures: [{ by: validator().node, signature }] };
    await expect(
      settle(
        settlementOf([certificateEffects(certificate, 0, market.roster)]),
        proofOf(outcome, certificate),
      ),
    ).rejects.toThrow(/another roster/);
  });

  it('hold only voids of the market, and tallies that the sides signed', async () => {
    const thief = generateKeyPair();
    const elsewhere = voidProof({ market: 'images' as never });
    await expect(settle(settlementOf([voidEffects(elsewhere.body)]), elsewhere)).rejects.toThrow(/images/);

    const tally = (changes: Partial<TallyBody>, worker: KeyPair): [SettlementBody, SettlementProof] => {
      const body: TallyBody = {
        ...place(),
        client: market.client.address,
        clientSeq: 0,
        worker: market.experts[0]!.node,
        requests: 1,
        bytes: 1,
        feeMicro: 5n,
        items: hashOf('x', 1),
        ...changes,
      };
      const settled = { ...body, worker: market.experts[0]!.node };
      return [
        settlementOf([tallyEffects(settled, market.roster)]),
        {
          kind: 'tally',
          roster: market.rosterHash,
          tally: {
            client: signBody(market.client, tallyDomain, body),
            worker: signBody(worker, tallyDomain, body),
          },
        },
      ];
    };
    await settle(...tally({}, market.experts[0]!.keys));
    await expect(settle(...tally({}, market.experts[1]!.keys))).rejects.toThrow(/both sides/);
    await expect(settle(...tally({ worker: thief.publicKey as NodeId }, thief))).rejects.toThrow(
      /not in its roster/,
    );
    await expect(settle(...tally({ market: 'images' as never }, market.experts[0]!.keys))).rejects.toThrow(
      /images/,
    );
  });

  it('one of a number is signed, as often as it is asked for; another one never', async () => {
    const [first, second] = [voidProof(), voidProof({ reason: 'another reason' })];
    const settlement = settlementOf([voidEffects(first.body)]);
    const { signature } = await settle(settlement, first);
    await expect(settle(settlementOf([voidEffects(second.body)]), second)).rejects.toThrow(
      /signed something else for number 0/,
    );
    expect((await settle(settlement, first)).signature).toEqual(signature);
    market.due.batch = 1;
    const next = settlementOf([voidEffects(second.body)], { batch: 1 });
    expect((await settle(next, second)).signature).toEqual(signSettlement(validator().keys, next));
  });

  it('a settlement that says nothing but a hash is not signed', async () => {
    await expect(settle(settlementOf([], { root: hashOf('x', 1) as Hash }))).rejects.toThrow(
      /settles nothing/,
    );
  });
});
