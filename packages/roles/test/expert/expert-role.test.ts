import {
  encode,
  generateKeyPair,
  generateOwnerKey,
  type Hash,
  hashOf,
  type JobId,
  type KeyPair,
  type OwnerKey,
  signBody,
  systemClock,
} from '@market-of-experts/core';
import {
  assignmentHash,
  type Cut,
  type CutBody,
  commitDomain,
  cutDomain,
  entryNames,
  jobIdOf,
  jobSeed,
  type NodeSignature,
  noteDomain,
  noteOf,
  type Order,
  type OrderBody,
  openJob,
  orderDomain,
  type RoutedOrderBody,
  releaseTicket,
  routedOrderDomain,
  type TallyBody,
  type Ticket,
  tallyDomain,
  ticketList,
} from '@market-of-experts/protocol';
import { askedQuestion } from '@market-of-experts/testing/asked-question';
import { encoderBackend, wordEncode } from '@market-of-experts/testing/encoders';
import { basePositions } from '@market-of-experts/testing/reserve-texts';
import { type SmallMarket, smallMarket, smallParameters } from '@market-of-experts/testing/small-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { WholeQuestion } from '../../src/job/asked-question.ts';
import { call } from '../../src/messages/messaging.ts';
import {
  fullResponseSchema,
  protocols,
  revealResponseSchema,
  routeResponseSchema,
  sealedResponseSchema,
  tallyResponseSchema,
} from '../../src/messages/protocols.ts';

let market: SmallMarket;
beforeEach(() => {
  // A wrong signature is found out on another thread, which virtual time does not wait for.
  market = smallMarket({ experts: 3, clock: systemClock });
});
afterEach(() => market.close());

const text = textAbout(1_000);
const other = textAbout(1_001);

/** A coordinator that says what it likes to expert 0. */
function coordinator(of: SmallMarket = market) {
  const { keys, transport } = of.coordinator;
  const to = of.experts[0]!.node;
  const ask = <Answer>(protocol: string, request: unknown, schema: z.ZodType<Answer>) =>
    call(transport, to, protocol, encode(request), schema, { timeoutMs: 20_000 });
  const open = (changes: Partial<OrderBody> = {}) => {
    const { order, salt } = of.order({ text, order: changes });
    const job = jobIdOf([order.body]);
    const tickets: Ticket[] = [of.validators[0]!.tickets.release(job)];
    const seed = jobSeed(of.roster.beacon, job, tickets);
    const asked = askedQuestion(of.view.task, [{ text, salt }], seed, of.roster.parameters);
    const { first, positions, assignment, second, question, whole } = asked;
    const request = { orders: [order], roster: of.rosterHash, tickets, first, positions, assignment };
    return { order, job, seed, request, asked, second, shown: { question, whole } };
  };
  return {
    keys,
    open,
    sealed: (request: unknown) => ask(protocols.sealed, request, sealedResponseSchema),
    full: (request: unknown) => ask(protocols.full, request, fullResponseSchema),
    reveal: (request: unknown) => ask(protocols.reveal, request, revealResponseSchema),
    route: (request: unknown) => ask(protocols.route, request, routeResponseSchema),
    tally: (request: unknown) => ask(protocols.tally, request, tallyResponseSchema),
    cut: (job: JobId, seals: readonly string[], by: KeyPair = keys): Cut =>
      signBody(by, cutDomain, { job, seals } as never),
  };
}

/** What the validators say to a cut. */
const notesOf = (orders: readonly Order[], cut: CutBody): NodeSignature[] =>
  market.validators.map(({ keys, node }) => {
    const { signature } = signBody(keys, noteDomain, noteOf(orders, cut));
    return { node, signature };
  });

/** The second seals of the other members. */
const othersOf = (
  {
    orders,
    tickets,
  }: {
    readonly orders: readonly Order[];
    readonly tickets: readonly Ticket[];
  },
  list: Hash,
) => {
  const { id, draw } = openJob(orders, market.roster, tickets);
  return market.experts
    .slice(1)
    .filter(({ node }) => draw.members.includes(node))
    .map(({ node, keys }) => {
      const seal = hashOf('test/seal', node);
      return signBody(keys, commitDomain, {
        job: id,
        stage: 'full' as const,
        principal: node,
        worker: node,
        list,
        seal,
      });
    });
};

interface TextList {
  readonly texts: readonly string[];
  readonly salt: Uint8Array;
}
interface TextLists {
  readonly first: TextList;
  readonly second: TextList;
  readonly positions?: readonly Uint8Array[];
  readonly assignment?: Hash;
}

async function sealed(
  changes: Partial<OrderBody> = {},
  { first, positions, assignment }: Partial<TextLists> = {},
) {
  const asking = coordinator();
  const opened = asking.open(changes);
  const answer = await asking.sealed({
    ...opened.request,
    ...(first === undefined ? {} : { first }),
    ...(positions === undefined ? {} : { positions }),
    ...(assignment === undefined ? {} : { assignment }),
  });
  if (!('commit' in answer)) throw new Error('declined');
  return { asking, ...opened, commit: answer.commit };
}

describe('an honest expert, asked for its first seal', () => {
  it('gives the same one however often it is asked, at once or later', async () => {
    const asking = coordinator();
    const { request } = asking.open();
    const answers = await Promise.all([request, request, request].map(asking.sealed));
    answers.push(await asking.sealed(request));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  it.each<
    [string, (request: ReturnType<ReturnType<typeof coordinator>['open']>['request']) => unknown, RegExp]
  >([
    [
      'an order signed by another',
      (r) => ({ ...r, orders: [signBody(generateOwnerKey(), orderDomain, r.orders[0]!.body)] }),
      /not signed by its client/,
    ],
    [
      'a changed order',
      (r) => ({
        ...r,
        orders: [{ ...r.orders[0]!, body: { ...r.orders[0]!.body, maxFeeMicro: 5_000_000n } }],
      }),
      /signature of the order/,
    ],
    [
      'an unknown roster',
      (r) => ({ ...r, roster: hashOf('test', 'roster') }),
      /roster of this job is not known/,
    ],
    ['no ticket', (r) => ({ ...r, tickets: [] }), /tickets/],
    [
      'a ticket for another job',
      (r) => ({
        ...r,
        tickets: [market.validators[0]!.tickets.release(hashOf('test', 'job') as string as JobId)],
      }),
      /tickets/,
    ],
    [
      'a ticket from another list',
      (r) => ({
        ...r,
        tickets: [
          releaseTicket(
            market.validators[0]!.keys,
            ticketList(hashOf('x', 'y'), 3),
            0,
            jobIdOf([r.orders[0]!.body]),
          ),
        ],
      }),
      /tickets/,
    ],
    [
      'a first list of whole texts',
      (r) => ({ ...r, first: { ...r.first, texts: new Array(3).fill(`${text} ${other}`) } }),
      /has such a list/,
    ],
    [
      'positions that say nothing',
      (r) => ({ ...r, positions: r.positions.map((position) => new Uint8Array(position.length)) }),
      /has such a list/,
    ],
    [
      'positions of another space',
      (r) => ({ ...r, positions: r.positions.map((position) => position.subarray(1)) }),
      /has such a list/,
    ],
  ])('refuses %s', async (_, change, reason) => {
    const asking = coordinator();
    await expect(asking.sealed(change(asking.open().request))).rejects.toThrow(reason);
  });

  it('refuses an order past its deadline, and too low a fee', async () => {
    const asking = coordinator();
    await expect(asking.sealed(asking.open({ deadlineMs: market.clock.nowMs() }).request)).rejects.toThrow(
      /deadline/,
    );
    await expect(asking.sealed(asking.open({ maxFeeMicro: 1n }).request)).rejects.toThrow(/costs/);
  });

  it('answers only the coordinator that the order names', async () => {
    const asking = coordinator();
    const { request } = asking.open();
    const stranger = market.network.connect(hashOf('test', 'stranger') as never);
    await expect(
      call(stranger, market.experts[0]!.node, protocols.sealed, encode(request), sealedResponseSchema, {
        timeoutMs: 100,
      }),
    ).rejects.toThrow(/Only the coordinator/);
    await stranger.close();
  });

  it('does not seal another half of a job', async () => {
    const { asking, request } = await sealed();
    const first = { ...request.first, texts: request.first.texts.toReversed() };
    await expect(asking.sealed({ ...request, first })).rejects.toThrow(/answered the job already/);
  });

  it('forgets what expired', async () => {
    await market.close();
    market = smallMarket({ experts: 3 });
    const { request: first, job, asking, shown } = await sealed();
    await market.clock.sleep(200_000);
    await expect(asking.sealed(first)).rejects.toThrow(/deadline/);
    const cut = asking.cut(job, []);
    const question = { job, cut, fullCommits: [], grants: [], notes: [], ...shown };
    await expect(asking.reveal(question)).rejects.toThrow(/no part/);
    await sealed();
    await expect(asking.reveal(question)).rejects.toThrow(/no part in the job/);
  });
});

describe('an honest expert, given the second list', () => {
  it('gives the same second seal and the same reveal however often it is asked', async () => {
    const { asking, job, order, second, shown, commit, request, asked } = await sealed();
    const full = { job, cut: asking.cut(job, [commit.body.seal]), second };
    const answers = await Promise.all([full, full].map(asking.full));
    answers.push(await asking.full(full));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    const fullCommits = [answers[0]!.commit, ...othersOf(request, asked.lists.second)];
    const notes = notesOf([order], full.cut.body);
    const reveal = { job, cut: full.cut, fullCommits, grants: [], notes, ...shown };
    const reveals = await Promise.all([asking.reveal(reveal), asking.reveal(reveal)]);
    reveals.push(await asking.reveal(reveal));
    expect(new Set(reveals.map((answer) => JSON.stringify(answer))).size).toBe(1);
    // The job again, from the beginning: the same answer, no second seal.
    expect(await asking.sealed(request)).toEqual({ commit });
  });

  it('whose model failed once tries again when it is asked again', async () => {
    await market.close();
    const { dimensions } = smallParameters;
    let isBroken = false;
    market = smallMarket({
      experts: 3,
      clock: systemClock,
      backend: (index) => {
        const sound = encoderBackend(`expert ${index}`, dimensions, wordEncode(dimensions, `${index}`, 0.5));
        return {
          ...sound,
          embed: async (texts, options) => {
            if (isBroken) throw new Error('The graphics card is busy.');
            return sound.embed(texts, options);
          },
        };
      },
    });
    const { asking, job, second, commit } = await sealed();
    const full = { job, cut: asking.cut(job, [commit.body.seal]), second };
    isBroken = true;
    await expect(asking.full(full)).rejects.toThrow(/card is busy/);
    isBroken = false;
    const answer = await asking.full(full);
    expect(await asking.full(full)).toEqual(answer);
  });

  it.each<
    [
      string,
      (asking: ReturnType<typeof coordinator>, job: JobId, seal: string, second: TextList) => unknown,
      RegExp,
    ]
  >([
    [
      'a list of more entries than a question has',
      (a, job, seal, { salt }) => ({
        job,
        cut: a.cut(job, [seal]),
        second: { texts: new Array(20).fill('a short one'), salt },
      }),
      /has such a list/,
    ],
    [
      'a cut without its seal',
      (a, job, _, second) => ({ job, cut: a.cut(job, [hashOf('x', 1)]), second }),
      /does not hold/,
    ],
    [
      'a cut of another job',
      (a, job, seal, second) => ({ job, cut: a.cut(hashOf('x', 1) as never, [seal]), second }),
      /cut is not from/,
    ],
    [
      'a cut signed by another',
      (a, job, seal, second) => ({ job, cut: a.cut(job, [seal], generateKeyPair()), second }),
      /cut is not from/,
    ],
    [
      'an unknown job',
      (a, _, seal, second) => ({
        job: hashOf('x', 1),
        cut: a.cut(hashOf('x', 1) as never, [seal]),
        second,
      }),
      /no part/,
    ],
  ])('refuses %s', async (_, make, reason) => {
    const { asking, job, commit, second } = await sealed();
    await expect(asking.full(make(asking, job, commit.body.seal, second))).rejects.toThrow(reason);
  });

  it('refuses a cut that nobody signed', async () => {
    const { asking, job, commit, second } = await sealed();
    const cut = { ...asking.cut(job, [commit.body.seal]), signature: new Uint8Array(64) };
    await expect(asking.full({ job, cut, second })).rejects.toThrow(/signature of the cut/);
  });

  it('answers one second list of a job', async () => {
    const { asking, job, commit, second } = await sealed();
    const cut = asking.cut(job, [commit.body.seal]);
    await asking.full({ job, cut, second });
    const another = { ...second, texts: second.texts.toReversed() };
    await expect(asking.full({ job, cut, second: another })).rejects.toThrow(/another second list/);
  });

  /** One that has sealed answers to a second list, asked to reveal them by its coordinator. */
  async function asked(changes: Partial<OrderBody> = {}, of: Partial<TextLists> = {}) {
    const opened = await sealed(changes, of);
    const { asking, job, order, request, commit } = opened;
    const second = of.second ?? opened.second;
    const cut = asking.cut(job, [commit.body.seal]);
    const { commit: own } = await asking.full({ job, cut, second });
    const question = {
      job,
      cut,
      fullCommits: [own, ...othersOf(request, own.body.list)],
      grants: [],
      notes: notesOf([order], cut.body),
      ...opened.shown,
    };
    return { ...opened, question };
  }
  const lists = (first: readonly string[], second: readonly string[]): TextLists => ({
    first: { texts: first, salt: new Uint8Array(16).fill(1) },
    second: { texts: second, salt: new Uint8Array(16).fill(2) },
    positions: basePositions(first, smallParameters),
  });
  /** The same question about other texts, as a coordinator would open it that means to be believed. */
  const openedOf = ({ first, second, positions }: TextLists) => ({
    first: entryNames(first.texts, first.salt),
    second: entryNames(second.texts, second.salt),
    assignment: [{ first: 0, second: [0, 1], wrong: [...second.texts.keys()].slice(2) }],
    positions: positions ?? [],
    salt: new Uint8Array(16).fill(3),
  });

  it('reveals what it has sealed about the texts that were ordered, cut by the seed', async () => {
    const { asking, job, question } = await asked();
    expect((await asking.reveal(question)).reveal.job).toBe(job);
  });

  it('does not reveal where the lists were not cut from the texts by the seed', async () => {
    const made = lists(
      [other.slice(0, 60)],
      [other.slice(60, 120), other.slice(120, 180), text.slice(0, 40)],
    );
    const { asking, question } = await asked(
      {},
      { ...made, assignment: assignmentHash(openedOf(made).assignment, openedOf(made).salt) },
    );
    await expect(asking.reveal({ ...question, question: openedOf(made) })).rejects.toThrow(
      /not cut from the data/,
    );
  });

  it('does not reveal for another question than it has sealed answers to', async () => {
    const { asking, question } = await asked();
    const { assignment } = question.question;
    for (const changes of [
      { assignment: [{ ...assignment[0]!, second: assignment[0]!.second.toReversed() }] },
      { assignment: [...assignment, assignment[0]!] },
      { salt: new Uint8Array(16) },
      { first: question.question.second },
      { second: question.question.second.toReversed() },
    ])
      await expect(
        asking.reveal({ ...question, question: { ...question.question, ...changes } }),
      ).rejects.toThrow(/not the one that the seals are about/);
  });

  it.each<[string, (whole: WholeQuestion) => WholeQuestion | undefined, RegExp]>([
    ['no data', () => undefined, /without its data/],
    ['another datum', (whole) => ({ ...whole, data: [{ ...whole.data[0]!, text: other }] }), /not the one/],
    [
      'another salt',
      (whole) => ({ ...whole, data: [{ ...whole.data[0]!, salt: new Uint8Array(16) }] }),
      /not the one/,
    ],
    ['two data', (whole) => ({ ...whole, data: [whole.data[0]!, whole.data[0]!] }), /not the one/],
    [
      'other salts',
      (whole) => ({ ...whole, salts: { ...whole.salts, first: new Uint8Array(16) } }),
      /not cut from/,
    ],
  ])('does not reveal to its coordinator for %s', async (_, change, reason) => {
    const { asking, question } = await asked();
    const { whole, ...rest } = question;
    const changed = change(whole);
    await expect(asking.reveal(changed === undefined ? rest : { ...rest, whole: changed })).rejects.toThrow(
      reason,
    );
  });

  it('does not reveal for a datum of another size than was paid for', async () => {
    const { asking, question } = await asked({ bytes: Buffer.byteLength(text) - 1 });
    await expect(asking.reveal(question)).rejects.toThrow(/not the one/);
  });

  it('does not reveal where the others have sealed answers to another list', async () => {
    const { asking, question, request } = await asked();
    const fullCommits = [question.fullCommits[0]!, ...othersOf(request, hashOf('test/list', 'another'))];
    await expect(asking.reveal({ ...question, fullCommits })).rejects.toThrow(/about another list/);
  });

  it('does not reveal before its second seal stands in the list', async () => {
    const { asking, job, order, request, commit, second, asked: made, shown } = await sealed();
    const cut = asking.cut(job, [commit.body.seal]);
    const others = othersOf(request, made.lists.second);
    const notes = notesOf([order], cut.body);
    const question = { job, cut, fullCommits: others, grants: [], notes, ...shown };
    await expect(asking.reveal(question)).rejects.toThrow(/second seal/);
    const { commit: own } = await asking.full({ job, cut, second });
    await expect(asking.reveal(question)).rejects.toThrow(/second seal/);
    const { reveal } = await asking.reveal({ ...question, fullCommits: [...others, own] });
    expect(reveal.job).toBe(job);
  });

  it('does not reveal before enough others have sealed their work, too', async () => {
    const { asking, job, question } = await asked();
    const [second, ...all] = question.fullCommits;
    const [other, ...others] = all;
    const stranger = generateKeyPair();
    for (const [fullCommits, refusal] of [
      [[second], /Too few experts/],
      [[second, second], /Too few experts/],
      [[second, { ...other!, signature: new Uint8Array(64) }], /not signed/],
      // Whom the coordinator says to have been called, without a grant.
      [
        [second, signBody(stranger, commitDomain, { ...other!.body, worker: stranger.publicKey })],
        /not of this job/,
      ],
      [[second, { ...other!, body: { ...other!.body, stage: 'sealed' } }], /not of this job/],
    ] as const)
      await expect(asking.reveal({ ...question, fullCommits })).rejects.toThrow(refusal);
    const fullCommits = [second, other!, ...others];
    expect((await asking.reveal({ ...question, fullCommits })).reveal.job).toBe(job);
  });

  it('does not reveal before enough validators have noted the job', async () => {
    const { asking, job, order, commit, question } = await asked();
    const cut = asking.cut(job, [commit.body.seal]);
    const [note] = notesOf([order], cut.body);
    const stranger = generateKeyPair();
    for (const notes of [
      [],
      [{ ...note!, signature: new Uint8Array(64) }],
      [{ ...note!, node: stranger.publicKey as never }],
      [{ node: stranger.publicKey, signature: signBody(stranger, noteDomain, {}).signature }],
      notesOf([{ ...order, body: { ...order.body, clientSeq: order.body.clientSeq + 1 } }], cut.body),
      notesOf([order], asking.cut(job, []).body),
    ])
      await expect(asking.reveal({ ...question, notes })).rejects.toThrow(/noted/);
    expect((await asking.reveal({ ...question, notes: [note] })).reveal.job).toBe(job);
  });

  it('reveals for the cut that is noted, also where its coordinator has shown it another', async () => {
    const { asking, job, order, commit, question } = await asked();
    const cut = asking.cut(job, [commit.body.seal, hashOf('test/seal', 'of another')]);
    const notes = notesOf([order], cut.body);
    for (const [changes, refusal] of [
      [{ notes }, /noted/],
      [{ cut }, /noted/],
      [{ cut: asking.cut(job, []), notes: notesOf([order], asking.cut(job, []).body) }, /does not hold/],
      [{ cut: { ...cut, signature: new Uint8Array(64) }, notes }, /signature of the cut/],
      [{ cut: asking.cut(job, cut.body.seals, generateKeyPair()), notes }, /not from the coordinator/],
    ] as const)
      await expect(asking.reveal({ ...question, ...changes })).rejects.toThrow(refusal);
    expect((await asking.reveal({ ...question, cut, notes })).reveal.job).toBe(job);
  });

  it.each([['a single entry', [text.slice(0, 40)]]])(
    'opens no seal for a second list of %s: all who answered would have answered wrongly',
    async (_, second) => {
      const made = lists([text.slice(0, 60)], second);
      const opened = openedOf(made);
      const { asking, job, question } = await asked(
        {},
        { ...made, assignment: assignmentHash(opened.assignment, opened.salt) },
      );
      const { whole: _texts, ...fromWitness } = { ...question, question: opened };
      await expect(asking.reveal(fromWitness)).rejects.toThrow(/not the one that the seals are about/);
      expect(job).toBe(question.job);
    },
  );

  it('refuses malformed messages in words, and goes on', async () => {
    const asking = coordinator();
    for (const wrong of [
      null,
      1,
      [],
      {},
      { job: 'x' },
      { job: hashOf('a', 1), seals: new Array(17).fill(hashOf('a', 1)) },
    ])
      for (const send of [asking.sealed, asking.full, asking.reveal, asking.route, asking.tally])
        await expect(send(wrong)).rejects.toThrow(/expected form|no part/);
    await sealed();
  });
});

describe('routed work', () => {
  const body = (changes: Partial<TallyBody> = {}): TallyBody => ({
    network: market.roster.network,
    market: market.roster.market,
    client: market.client.address,
    clientSeq: 0,
    worker: market.experts[0]!.node,
    requests: 2,
    bytes: 2 * Buffer.byteLength(text),
    feeMicro: 10_000n,
    items: hashOf('test', 'items'),
    ...changes,
  });
  const tallyOf = (changes: Partial<TallyBody> = {}) => ({
    tally: signBody(market.client, tallyDomain, body(changes)),
  });
  const orderOf = (changes: Partial<RoutedOrderBody> = {}, by: OwnerKey = market.client) =>
    signBody(by, routedOrderDomain, {
      network: market.roster.network,
      market: market.roster.market,
      client: market.client.address,
      clientSeq: 0,
      coordinator: market.coordinator.node,
      worker: market.experts[0]!.node,
      roster: market.rosterHash,
      maxFeeMicro: 100_000n,
      deadlineMs: systemClock.nowMs() + 60_000,
      ...changes,
    });

  it('is signed for once, up to what was done, and again if asked again', async () => {
    const asking = coordinator();
    const order = orderOf();
    await asking.route({ order, texts: [text] });
    await asking.route({ order, texts: [text] });
    await expect(asking.tally(tallyOf({ requests: 3 }))).rejects.toThrow(/more than this expert has done/);
    await expect(asking.tally(tallyOf({ feeMicro: 10n }))).rejects.toThrow(/less than the price/);
    await expect(asking.tally(tallyOf({ feeMicro: 100_001n }))).rejects.toThrow(
      /more than its client allowed/,
    );
    await expect(asking.tally(tallyOf({ worker: market.experts[1]!.node }))).rejects.toThrow(
      /another expert/,
    );
    const stolen = { tally: signBody(generateOwnerKey(), tallyDomain, body()) };
    await expect(asking.tally(stolen)).rejects.toThrow(/not signed by its client/);
    const [first, second] = await Promise.all([asking.tally(tallyOf()), asking.tally(tallyOf())]);
    expect(second).toEqual(first);
    await expect(asking.tally(tallyOf({ feeMicro: 1n }))).rejects.toThrow(/signed another tally/);
    await expect(asking.tally(tallyOf({ clientSeq: 1 }))).rejects.toThrow(/done no work/);
    await expect(asking.route({ order: orderOf(), texts: [text] })).rejects.toThrow(/tallied already/);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['another’s signature', () => orderOf({}, generateOwnerKey()), /signed by its client/],
    ['a changed order', () => ({ ...orderOf(), body: orderOf({ maxFeeMicro: 9n }).body }), /signature/],
    ['another expert', () => orderOf({ worker: market.experts[1]!.node }), /for this expert/],
    ['another coordinator', () => orderOf({ coordinator: market.experts[1]!.node }), /its coordinator/],
    ['an unknown roster', () => orderOf({ roster: hashOf('test', 'roster') }), /roster/],
    ['no time left', () => orderOf({ deadlineMs: 5 }), /deadline/],
    ['more time than anybody needs', () => orderOf({ deadlineMs: systemClock.nowMs() + 9e9 }), /ends within/],
    ['too little money for the texts', () => orderOf({ maxFeeMicro: 5n }), /cost more than the order allows/],
  ])('is not begun for an order with %s', async (_, order, reason) => {
    await expect(coordinator().route({ order: order(), texts: [text] })).rejects.toThrow(reason);
  });

  it('counts no text as done to which it has nothing to say', async () => {
    await market.close();
    const { dimensions } = smallParameters;
    market = smallMarket({
      experts: 3,
      clock: systemClock,
      backend: () =>
        encoderBackend('terse', dimensions, (asked) => {
          const vector = new Float32Array(dimensions);
          if (asked !== '---') vector[0] = 1;
          return vector;
        }),
    });
    const asking = coordinator();
    const { vectors } = await asking.route({ order: orderOf(), texts: [text, '---'] });
    expect(vectors).toHaveLength(2);
    const bytes = Buffer.byteLength(text);
    await expect(asking.tally(tallyOf({ requests: 2, bytes }))).rejects.toThrow(
      /more than this expert has done/,
    );
    await asking.tally(tallyOf({ requests: 1, bytes }));
  });

  it('never delivers what is no vector of the market', async () => {
    await market.close();
    const { dimensions } = smallParameters;
    market = smallMarket({
      experts: 3,
      clock: systemClock,
      backend: () =>
        encoderBackend('spoilt', dimensions, () => new Float32Array(dimensions).fill(Number.NaN)),
    });
    await expect(coordinator().route({ order: orderOf(), texts: [text] })).rejects.toThrow(/unit length/);
  });
});
