import {
  type AccountId,
  decode,
  encode,
  generateKeyPair,
  type JobId,
  type KeyPair,
  type NodeId,
  signBody,
} from '@market-of-experts/core';
import type { RequestHandler, Transport } from '@market-of-experts/network';
import {
  type CertificateBody,
  type CertifiedDatum,
  cutDomain,
  signedForm,
  signReveal,
  type Transcript,
  witnessesDomain,
} from '@market-of-experts/protocol';
import { type LedgerMarket, ledgerMarket } from '@market-of-experts/testing/ledger-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, describe, expect, it } from 'vitest';
import { patienceMs } from '../../src/job/job-times.ts';
import {
  arrivedMessageSchema,
  certifiedJobSchema,
  certifyRequestSchema,
  certifyResponseSchema,
  protocols,
  revealResponseSchema,
  vouchResponseSchema,
} from '../../src/messages/protocols.ts';
import type { PayClaim } from '../../src/validator/claim-book.ts';

type Send = (to: NodeId, protocol: string, request: Uint8Array) => Promise<Uint8Array>;

let market: LedgerMarket;
afterEach(() => market.close());

/** Reveals that the coordinator has got, by job. */
let delivered: Map<JobId, Set<NodeId>>;
/** What the coordinator does instead of sending a request; default: it sends it. */
let crooked: (send: Send, ...request: Parameters<Send>) => Promise<Uint8Array>;
/** Nodes that do not answer as their role would. */
let connections: Map<NodeId, Transport>;
let liars: Map<NodeId, (handler: RequestHandler, protocol: string) => RequestHandler>;

async function open(validators = 3): Promise<void> {
  delivered = new Map();
  crooked = (send, ...request) => send(...request);
  liars = new Map();
  connections = new Map();
  market = await ledgerMarket({
    validators,
    experts: 6,
    parameters: { witnesses: 3 },
    tap: (transport) => {
      connections.set(transport.self, transport);
      const handle = transport.handle.bind(transport);
      transport.handle = (protocol, handler) =>
        handle(protocol, (bytes, context) =>
          (liars.get(transport.self)?.(handler, protocol) ?? handler)(bytes, context),
        );
      return transport;
    },
  });
  const { gateway } = market;
  const request = gateway.request.bind(gateway);
  gateway.request = async (to, protocol, bytes, options) => {
    const send: Send = async (...sent) => {
      const answer = await request(...sent, options);
      if (sent[1] !== protocols.reveal) return answer;
      const { reveal } = decode(answer, revealResponseSchema);
      delivered.set(reveal.job, (delivered.get(reveal.job) ?? new Set()).add(reveal.principal));
      return answer;
    };
    return crooked(send, to, protocol, bytes);
  };
}

const client = (): AccountId => market.clients[0]!;
/** One text; a coordinator that has no certificate orders it anew. */
const serve = async (topic: number): Promise<void> => {
  await market.coordinator
    .examine({
      text: textAbout(topic),
      account: client(),
      mode: 'shard',
      kind: 'client',
      maxFeeMicro: undefined,
      isTextPublic: false,
      signal: new AbortController().signal,
    })
    .catch(() => undefined);
};
/** Until witnesses have had the time that they take. */
const wait = (): Promise<void> => market.clock.sleep(60_000);
const transcriptIn = (request: Uint8Array): Transcript => decode(request, certifyRequestSchema).transcript;

/** That all these validators have each delivered job, certified with everybody who revealed. */
function expectClaimed(validators = market.validators): readonly PayClaim[] {
  expect(delivered.size).toBeGreaterThan(0);
  for (const [index, node] of market.validators.entries()) {
    if (!validators.includes(node)) continue;
    const claims = market.claims[index]!.all();
    expect(new Set(claims.map(({ certificate }) => certificate.body.job))).toEqual(new Set(delivered.keys()));
    for (const { certificate } of claims) {
      const { body } = certificate;
      const scored = body.members.filter(({ outcome }) => outcome === 'scored' || outcome === 'dissenting');
      const principals = new Set(scored.map(({ principal }) => principal));
      for (const principal of delivered.get(body.job)!) expect(principals).toContain(principal);
      expect(body.data[0]!.winner).not.toBeNull();
      expect(body.data[0]!.feeMicro).toBeGreaterThan(0n);
    }
  }
  return market.claims[market.validators.indexOf(validators[0]!)]!.all();
}

describe('a coordinator that has its answers', () => {
  it('and never asks for a certificate: the witnesses make one, and all validators have it', async () => {
    await open(4);
    crooked = (send, to, protocol, bytes) => {
      if (protocol === protocols.certify) throw new Error('never sent');
      return send(to, protocol, bytes);
    };
    await serve(1);
    expect(market.claims.flatMap((book) => book.all())).toEqual([]);
    await wait();
    for (const { certificate } of expectClaimed()) expect(certificate.isOfWitnesses).toBe(true);
  });

  it('and shows each witness another transcript: no two have signed the same, and yet they agree', async () => {
    await open();
    const shown = new Set<string>();
    crooked = async (send, to, protocol, bytes) => {
      if (protocol !== protocols.certify) return send(to, protocol, bytes);
      const transcript = transcriptIn(bytes);
      const turned = market.validators.indexOf(to);
      const turn = <T>(list: readonly T[]): T[] => [...list.slice(turned), ...list.slice(0, turned)];
      const changed = { ...transcript, fullCommits: turn(transcript.fullCommits) };
      const answer = await send(to, protocol, encode({ transcript: changed }));
      shown.add(decode(answer, certifyResponseSchema).body.transcript);
      return answer;
    };
    await serve(1);
    expect(shown.size).toBeGreaterThanOrEqual(3);
    await wait();
    for (const { certificate } of expectClaimed()) expect(certificate.isOfWitnesses).toBe(true);
  });

  it('and asks one witness only: the others make up for it', async () => {
    await open();
    crooked = (send, to, protocol, bytes) => {
      if (protocol === protocols.certify && to !== market.validators[1]) throw new Error('never sent');
      return send(to, protocol, bytes);
    };
    await serve(1);
    await wait();
    expectClaimed();
  });

  it.each(['reveals', 'fullCommits'] as const)(
    'and leaves %s out of the transcript, so that nobody is paid: no witness signs that',
    async (left) => {
      await open();
      const refusals: unknown[] = [];
      crooked = async (send, to, protocol, bytes) => {
        if (protocol !== protocols.certify) return send(to, protocol, bytes);
        const cheap = { ...transcriptIn(bytes), reveals: [], [left]: [] };
        await expect(send(to, protocol, encode({ transcript: cheap }))).rejects.toThrow(/leaves out/);
        refusals.push(to);
        throw new Error('refused');
      };
      await serve(1);
      expect(refusals.length).toBeGreaterThanOrEqual(3);
      await wait();
      expectClaimed();
    },
  );

  it('and has its job certified by all, but keeps that to itself: the certificate is told, as it is', async () => {
    await open();
    crooked = async (send, to, protocol, bytes) => {
      const answer = await send(to, protocol, bytes);
      if (protocol === protocols.certify) throw new Error('kept');
      return answer;
    };
    await serve(1);
    await wait();
    for (const { certificate } of expectClaimed()) expect(certificate.isOfWitnesses).toBeUndefined();
  });

  it('and asks late: who has certified a job without it certifies nothing for it', async () => {
    await open();
    const questions: [NodeId, Uint8Array][] = [];
    crooked = (send, to, protocol, bytes) => {
      if (protocol !== protocols.certify) return send(to, protocol, bytes);
      questions.push([to, bytes]);
      throw new Error('later');
    };
    await serve(1);
    await wait();
    const told = expectClaimed().map(({ certificate }) => certificate);
    crooked = (send, ...request) => send(...request);
    const signed: NodeId[] = [];
    for (const [to, bytes] of questions)
      await market.gateway
        .request(to, protocols.certify, bytes, { timeoutMs: 5_000 })
        .then(() => signed.push(to))
        .catch(() => undefined);
    expect(questions.length).toBeGreaterThanOrEqual(3);
    expect(signed).toEqual([]);
    expect(expectClaimed().map(({ certificate }) => certificate)).toEqual(told);
  });

  it('and has one expert reveal only: the witnesses ask the others, and the job is judged', async () => {
    await open();
    const asked = new Map<string, NodeId>();
    crooked = (send, to, protocol, bytes) => {
      if (protocol === protocols.certify || protocol === protocols.arrivals) throw new Error('never sent');
      if (protocol !== protocols.reveal) return send(to, protocol, bytes);
      const question = Buffer.from(bytes).toString('base64');
      if ((asked.get(question) ?? to) !== to) throw new Error('never sent');
      asked.set(question, to);
      return send(to, protocol, bytes);
    };
    await serve(1);
    for (const principals of delivered.values()) expect(principals.size).toBe(1);
    await wait();
    for (const { certificate } of expectClaimed())
      expect(certificate.body.members.filter(({ outcome }) => outcome === 'scored').length).toBeGreaterThan(
        2,
      );
  });

  it('and shows the text to one expert only: it does not reveal', async () => {
    await open();
    const asked = new Map<string, NodeId>();
    crooked = (send, to, protocol, bytes) => {
      if (protocol === protocols.arrivals) throw new Error('never sent');
      if (protocol !== protocols.full) return send(to, protocol, bytes);
      const question = Buffer.from(bytes).toString('base64');
      if ((asked.get(question) ?? to) !== to) throw new Error('never sent');
      asked.set(question, to);
      return send(to, protocol, bytes);
    };
    await serve(1);
    expect(asked.size).toBeGreaterThan(0);
    expect(delivered.size).toBe(0);
  });

  it('whose experts are gone has the job ended, though one reveals out of turn to hinder that', async () => {
    await open();
    const signed: NodeId[] = [];
    const given = new Map<string, NodeId>();
    crooked = async (send, to, protocol, bytes) => {
      if (protocol === protocols.full) {
        const question = Buffer.from(bytes).toString('base64');
        // The others do not get the text, as if they had died.
        if ((given.get(question) ?? to) !== to) throw new Error('gone');
        given.set(question, to);
      }
      if (protocol === protocols.arrivals) throw new Error('gone');
      if (protocol === protocols.certify) {
        const { orders, roster, tickets, fullCommits } = transcriptIn(bytes);
        expect(fullCommits).toHaveLength(1);
        const junk = new Uint8Array(16);
        const { job, principal, worker } = fullCommits[0]!.body;
        const keys = market.keysOf(`expert-${market.experts.indexOf(worker)}`);
        const opened = { first: [junk], firstSalt: junk, second: [junk], secondSalt: junk };
        const said = { reveal: signReveal(keys, { job, principal, worker, ...opened }) };
        const notice = encode({ job, opening: encode({ orders, roster, tickets }), said });
        connections.get(worker)!.notify(to, protocols.arrived, notice);
        await market.clock.sleep(100);
        const answer = await send(to, protocol, bytes);
        signed.push(to);
        return answer;
      }
      return send(to, protocol, bytes);
    };
    await serve(1);
    expect(signed.length).toBeGreaterThanOrEqual(2);
    expect(market.records.map(({ proof }) => proof.kind)).toContain('certificate');
  });

  it('and has not shown one witness the cut: what the experts were shown is enough', async () => {
    await open();
    const blind = market.validators[2]!;
    crooked = (send, to, protocol, bytes) => {
      if (protocol === protocols.certify) throw new Error('never sent');
      if (protocol === protocols.note && to === blind) throw new Error('never sent');
      return send(to, protocol, bytes);
    };
    // One of the two that know it says nothing: it takes the third.
    liars.set(market.validators[0]!, (handler, protocol) =>
      protocol === protocols.vouch || protocol === protocols.agree
        ? () => new Promise(() => undefined)
        : handler,
    );
    await serve(1);
    await wait();
    expectClaimed(market.validators.slice(1));
  });
});

describe('a witness', () => {
  const neverCertified = (): void => {
    crooked = (send, to, protocol, bytes) => {
      if (protocol === protocols.certify) throw new Error('never sent');
      return send(to, protocol, bytes);
    };
  };
  const lie = (answer: (handler: RequestHandler) => RequestHandler): NodeId => {
    const liar = market.validators[0]!;
    liars.set(liar, (handler, protocol) =>
      protocol === protocols.vouch || protocol === protocols.agree ? answer(handler) : handler,
    );
    return liar;
  };
  const honest = (liar: NodeId): NodeId[] => market.validators.filter((node) => node !== liar);

  it.each<[string, (keys: KeyPair) => (handler: RequestHandler) => RequestHandler]>([
    ['sends nonsense', () => () => async () => new Uint8Array([0xff, 1, 2])],
    ['never answers', () => () => () => new Promise(() => undefined)],
    [
      'signs another outcome',
      (keys) => (handler) => async (bytes, context) => {
        const answer = await handler(bytes, context);
        const read = certifyResponseSchema.safeParse(
          decode(answer, certifyResponseSchema.catch(undefined as never)),
        );
        if (!read.success) return answer;
        const body: CertificateBody = {
          ...read.data.body,
          data: read.data.body.data.map((datum) => ({ ...datum, winner: null, feeMicro: 0n })),
        };
        return encode({ body, signature: signBody(keys, witnessesDomain, signedForm(body)).signature });
      },
    ],
  ])('that %s is one voice less', async (_, answer) => {
    await open();
    const liar = lie(answer(market.keysOf('validator')));
    neverCertified();
    await serve(1);
    await wait();
    expectClaimed(honest(liar));
  });

  it('that proposes a transcript too early, or without somebody’s work, or again and again, gets nowhere', async () => {
    await open();
    neverCertified();
    const [liar, other] = market.validators as [NodeId, NodeId];
    // Its own role is silent.
    lie(() => () => Promise.reject(new Error('silent')));
    await serve(1);
    const ask = (protocol: string, request: unknown): Promise<Uint8Array> =>
      connections.get(liar)!.request(other, protocol, encode(request), { timeoutMs: 5_000 });
    const [job] = delivered.keys();
    const { stage, question, messages } = decode(await ask(protocols.vouch, { job }), vouchResponseSchema);
    const said = messages.map((message) => arrivedMessageSchema.parse(message));
    const fullCommits = said.flatMap((each) => ('commit' in each ? [each.commit] : []));
    const reveals = said.flatMap((each) => ('reveal' in each ? [each.reveal] : []));
    const proposal = { job, stage, question, fullCommits, reveals };
    await expect(ask(protocols.agree, proposal)).rejects.toThrow(/has time yet/);
    await market.clock.sleep(patienceMs(market.view.current().roster.parameters));
    for (const less of [
      { ...proposal, reveals: reveals.slice(1) },
      { ...proposal, reveals: [], fullCommits: fullCommits.slice(1) },
      { ...proposal, reveals: [], fullCommits: [] },
    ])
      await expect(ask(protocols.agree, less)).rejects.toThrow(/leaves out/);
    const cut = signBody(market.keysOf('gateway'), cutDomain, { ...stage!.cut.body, seals: [] });
    await expect(
      ask(protocols.agree, { ...proposal, stage: { ...stage, cut, commits: [] } }),
    ).rejects.toThrow(/another cut/);
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, (_, turn) => {
        const turned = [...fullCommits.slice(turn % 5), ...fullCommits.slice(0, turn % 5)];
        return ask(protocols.agree, { ...proposal, fullCommits: turned });
      }),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(8);
    await wait();
    expectClaimed(honest(liar));
  });

  it('that was restarted says nothing, and gets what the others have certified', async () => {
    await open();
    neverCertified();
    await serve(1);
    await market.restartValidator(0);
    await wait();
    expectClaimed();
    // What it has outlives it.
    await market.restartValidator(0);
    expectClaimed();
  });
});

describe('a certificate that nobody has settled', () => {
  /** A claim, and a validator that has not heard of it, nor witnessed the job. */
  const claimed = async (): Promise<{ claim: PayClaim; deaf: number }> => {
    await open(4);
    crooked = (send, to, protocol, bytes) => {
      if (protocol === protocols.certify) throw new Error('never sent');
      return send(to, protocol, bytes);
    };
    for (const node of market.validators)
      liars.set(node, (handler, protocol) =>
        protocol === protocols.certified ? () => Promise.reject(new Error('deaf')) : handler,
      );
    await serve(1);
    await wait();
    liars.clear();
    const claim = market.claims.flatMap((book) => book.all())[0]!;
    const { client: of, clientSeq } = claim;
    return { claim, deaf: market.claims.findIndex((book) => book.of(of, clientSeq) === undefined) };
  };
  const tell = (from: Transport, to: number, told: unknown): Promise<Uint8Array> =>
    from.request(market.validators[to]!, protocols.certified, encode(told), { timeoutMs: 5_000 });

  it('is kept for its own order only, if its witnesses have signed it, and from nobody outside of the market', async () => {
    const { claim, deaf } = await claimed();
    const { opening, certificate } = claim;
    const { body, signatures } = certificate;
    const changed = (changes: Partial<CertifiedDatum>): CertificateBody => ({
      ...body,
      data: [{ ...body.data[0]!, ...changes }],
    });
    const stranger = market.connect(generateKeyPair().publicKey as NodeId);
    await expect(tell(stranger, deaf, { opening, certificate })).rejects.toThrow(/no part of the market/);
    const { gateway } = market;
    for (const [told, refusal] of [
      ['nonsense', /expected form/],
      [
        { opening, certificate: { ...certificate, body: changed({ winner: null, feeMicro: 0n }) } },
        /signatures/,
      ],
      [{ opening, certificate: { ...certificate, signatures: signatures.slice(0, 1) } }, /signatures/],
      [{ opening, certificate: { body, signatures } }, /signatures/],
      [{ opening, certificate: { ...certificate, body: changed({ clientSeq: 9 }) } }, /another job/],
      [{ opening: { ...opening, tickets: [] }, certificate }, /tickets/],
      [
        {
          opening: {
            ...opening,
            orders: [{ ...opening.orders[0]!, body: { ...opening.orders[0]!.body, clientSeq: 5_000 } }],
          },
          certificate,
        },
        /at most 1024/,
      ],
    ] as const)
      await expect(tell(gateway, deaf, told)).rejects.toThrow(refusal);
    expect(market.claims[deaf]!.of(body.data[0]!.client, body.data[0]!.clientSeq)).toBeUndefined();
    await tell(gateway, deaf, { opening, certificate });
    await tell(gateway, deaf, { opening, certificate });
    expect(market.claims[deaf]!.of(body.data[0]!.client, body.data[0]!.clientSeq)?.certificate).toEqual(
      certificate,
    );
    expect(decode(encode({ opening, certificate }), certifiedJobSchema)).toEqual({ opening, certificate });
  });

  it('is looked at a few at a time, whoever sends how many', async () => {
    const { claim, deaf } = await claimed();
    const { opening, certificate } = claim;
    const forged = { opening, certificate: { ...certificate, signatures: [] } };
    const answers = await Promise.allSettled(
      Array.from({ length: 200 }, () => tell(market.gateway, deaf, forged)),
    );
    const reasons = answers.map((answer) => (answer.status === 'rejected' ? String(answer.reason) : ''));
    expect(reasons.filter((reason) => /too many certificates at once/.test(reason)).length).toBeGreaterThan(
      100,
    );
    expect(reasons).not.toContain('');
    await tell(market.gateway, deaf, { opening, certificate });
  });
});
