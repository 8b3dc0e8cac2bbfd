import { decode, encode, hashOf, type NodeId, signBody } from '@market-of-experts/core';
import { describe, expect, it } from 'vitest';
import { lossUnits } from '../../src/job/certified-losses.ts';
import { certifyJob } from '../../src/job/certify.ts';
import {
  commitDomain,
  cutDomain,
  sealOf,
  type Transcript,
  transcriptSchema,
} from '../../src/job/messages.ts';
import { replayTranscript, verifyTranscriptSignatures } from '../../src/job/replay.ts';
import { context, type FixtureJob, fixtureJob, keysOf, ownerOf, roster } from './job-fixture.ts';

async function certify(transcript: Transcript) {
  await verifyTranscriptSignatures(transcript);
  return certifyJob(replayTranscript(transcript, roster), transcript, context);
}
const outcomes = async (transcript: Transcript) =>
  new Map((await certify(transcript)).members.map(({ principal, outcome }) => [principal, outcome]));
const job = fixtureJob('a job');
const [a, b, c, d, e] = job.members as [NodeId, NodeId, NodeId, NodeId, NodeId];
const newcomer = job.seats.at(-1)!;

describe('a transcript', () => {
  it('gives everyone the same certificate, also after a journey', async () => {
    const transcript = job.transcript();
    const body = await certify(transcript);
    expect(body.members.map(({ outcome }) => outcome)).toEqual(new Array(6).fill('scored'));
    expect(job.members).toContain(body.data[0]!.winner);
    expect(body.data[0]!.feeMicro).toBe(10_000n);
    expect(await certify(decode(encode(transcript), transcriptSchema))).toEqual(body);
    for (const {
      losses: [loss],
    } of body.members)
      expect(Number.isInteger(lossUnits(loss!))).toBe(true);
  });

  it('never lets a newcomer win, nor change who does', async () => {
    for (let index = 0; index < 20; index += 1) {
      const other = fixtureJob(`newcomer ${index}`);
      const {
        data: [datum],
        members,
      } = await certify(other.transcript());
      const { winner } = datum!;
      expect(other.members).toContain(winner);
      const without = await certify(other.transcript({ commits: other.members }));
      expect(without.data[0]!.winner).toBe(winner);
      expect(without.members.slice(0, 5)).toEqual(members.slice(0, 5));
    }
  });

  it('gives equal members to the one who committed first', async () => {
    const alike = {
      ...context,
      standing: () => ({ global: { jobs: 0, excessUnits: 0 }, place: { jobs: 0, excessUnits: 0 } }),
    };
    let ties = 0;
    for (let index = 0; index < 30; index += 1) {
      const tied = fixtureJob(`tie ${index}`);
      for (const commits of [tied.seats, tied.seats.toReversed()]) {
        const transcript = tied.transcript({ commits });
        const body = certifyJob(replayTranscript(transcript, roster), transcript, alike);
        const losses = new Map(body.members.map(({ principal, losses: [loss] }) => [principal, loss![0]]));
        const least = Math.min(...tied.members.map((node) => losses.get(node)!));
        const best = tied.members.filter((node) => losses.get(node) === least);
        if (best.length > 1) ties += 1;
        expect(body.data[0]!.winner).toBe(commits.find((node) => best.includes(node)));
      }
    }
    expect(ties).toBeGreaterThan(5);
  });
});

describe('a member who is missing', () => {
  const missing = (
    stage: 'sealed' | 'full' | 'reveal',
    witnesses: readonly NodeId[],
    also: FixtureJob = job,
  ) => witnesses.map((witness) => also.arrival(witness, { stage, principals: [b, c, d, e, newcomer] }));
  const allBut = job.seats.filter((node) => node !== a);

  it('is slashed for lateness only when most witnesses missed him too', async () => {
    for (const [count, expected] of [
      [0, 'missed'],
      [1, 'missed'],
      [2, 'late'],
      [3, 'late'],
    ] as const) {
      const arrivals = missing('sealed', job.witnesses.slice(0, count));
      expect((await outcomes(job.transcript({ commits: allBut, arrivals }))).get(a)).toBe(expected);
    }
    const body = await certify(
      job.transcript({ commits: allBut, arrivals: missing('sealed', job.witnesses) }),
    );
    // 0.05 % of his stake: less than his part of the fee.
    expect(body.members.find(({ principal }) => principal === a)!.slashMicro).toBe(500n);
    expect(body.members.filter(({ slashMicro }) => slashMicro > 0n)).toHaveLength(1);
  });

  it('in the second stage is late, without a reveal loses the whole fee', async () => {
    const late = job.transcript({ fullCommits: allBut, arrivals: missing('full', job.witnesses) });
    expect((await outcomes(late)).get(a)).toBe('late');
    const silent = job.transcript({ reveals: allBut, arrivals: missing('reveal', job.witnesses) });
    const { members } = await certify(silent);
    expect(members.find(({ principal }) => principal === a)).toMatchObject({
      outcome: 'no-reveal',
      slashMicro: 10_000n,
    });
  });

  it('is not slashed for one stage on records of another', async () => {
    const transcript = job.transcript({ commits: allBut, arrivals: missing('reveal', job.witnesses) });
    expect((await outcomes(transcript)).get(a)).toBe('missed');
  });

  it('may decline unpunished', async () => {
    const transcript = job.transcript({ declines: [a], arrivals: missing('sealed', job.witnesses) });
    expect((await outcomes(transcript)).get(a)).toBe('declined');
  });

  it('one witness counts once, however often he speaks', async () => {
    const arrivals = missing('sealed', [job.witnesses[0]!, job.witnesses[0]!, job.witnesses[0]!]);
    await expect(certify(job.transcript({ commits: allBut, arrivals }))).rejects.toThrow(
      /two arrival records/,
    );
  });

  it('does not stop the others: two of five are scored, one is not', async () => {
    const two = await certify(job.transcript({ reveals: [a, b] }));
    expect(
      two.members.filter(({ outcome }) => outcome === 'scored').map(({ principal }) => principal),
    ).toEqual([a, b]);
    expect([a, b]).toContain(two.data[0]!.winner);
    const one = await certify(job.transcript({ reveals: [a, newcomer] }));
    expect(one.data).toMatchObject([{ winner: null, feeMicro: 0n }]);
    expect(one.members.every(({ slashMicro, outcome }) => slashMicro === 0n && outcome === 'missed')).toBe(
      true,
    );
  });
});

describe('a member who lies', () => {
  const dimensions = roster.parameters.dimensions;
  const nan = new Uint8Array(new Float32Array(dimensions).fill(Number.NaN).buffer);
  it.each([
    ['another vector than sealed', { first: [new Uint8Array(2 * dimensions)] }],
    ['another salt', { secondSalt: new Uint8Array(16) }],
    ['NaN', { second: [nan, nan, nan] }],
    ['a shorter vector', { second: [nan.subarray(4)] }],
    ['bytes that are no whole numbers', { first: [new Uint8Array(2 * dimensions - 1)] }],
    ['no vector at all', { second: [new Uint8Array(0)] }],
  ])('about what he sealed (%s) loses 5 %%', async (_, lie) => {
    const transcript = job.transcript();
    const reveals = transcript.reveals.map((reveal) =>
      reveal.principal === a ? job.reveal(a, lie) : reveal,
    );
    const body = await certify({ ...transcript, reveals });
    expect(body.members.find(({ principal }) => principal === a)).toMatchObject({
      outcome: 'wrong-reveal',
      losses: [null],
      slashMicro: 50_000n,
    });
    expect(body.data[0]!.winner).not.toBe(a);
    expect(body.members.filter(({ outcome }) => outcome === 'scored')).toHaveLength(5);
  });

  it('cannot lie in another’s name', async () => {
    const transcript = job.transcript();
    const forged = { ...job.reveal(a), first: [new Uint8Array(2 * dimensions)] };
    const byB = { ...job.reveal(b), principal: a };
    for (const wrong of [forged, byB]) {
      const reveals = transcript.reveals.map((reveal) => (reveal.principal === a ? wrong : reveal));
      await expect(certify({ ...transcript, reveals })).rejects.toThrow(/signature|did not commit/);
    }
  });
});

describe('tampering with a transcript', () => {
  const honest = job.transcript();
  const other = fixtureJob('another job');
  const hash = hashOf('test', 'other');
  const without = <Item>(list: readonly Item[]) => list.slice(1);
  it.each<[string, (transcript: Transcript) => Transcript]>([
    [
      'an order of another price',
      (t) => ({ ...t, orders: [{ ...t.orders[0]!, body: { ...t.orders[0]!.body, tipMicro: 1n } }] }),
    ],
    [
      'an order signed by another',
      (t) => ({ ...t, orders: [{ ...t.orders[0]!, by: ownerOf('thief').address }] }),
    ],
    ['another job’s order', (t) => ({ ...t, orders: [other.order] })],
    ['another job’s tickets', (t) => ({ ...t, tickets: other.tickets })],
    ['a ticket less', (t) => ({ ...t, tickets: without(t.tickets) })],
    ['tickets in another order', (t) => ({ ...t, tickets: t.tickets.toReversed() })],
    ['another roster', (t) => ({ ...t, roster: hash })],
    [
      'a seal',
      (t) => ({
        ...t,
        commits: t.commits.map((m, i) => (i === 0 ? { ...m, body: { ...m.body, seal: hash } } : m)),
      }),
    ],
    [
      'another job’s commit',
      (t) => ({ ...t, commits: t.commits.map((m, i) => (i === 0 ? other.commit(other.seats[0]!) : m)) }),
    ],
    ['a second commit', (t) => ({ ...t, commits: [...t.commits, t.commits[0]!] })],
    ['a commit left out', (t) => ({ ...t, commits: without(t.commits) })],
    ['commits in another order', (t) => ({ ...t, commits: t.commits.toReversed() })],
    ['a cut by another', (t) => ({ ...t, cut: signBody(keysOf('thief'), cutDomain, t.cut.body) })],
    ['a cut of another job', (t) => ({ ...t, cut: other.transcript().cut })],
    ['a decline after a commit', (t) => ({ ...t, declines: [job.decline(a)] })],
    ['a full commit as a sealed one', (t) => ({ ...t, commits: t.fullCommits })],
    ['a full commit twice', (t) => ({ ...t, fullCommits: [...t.fullCommits, t.fullCommits[0]!] })],
    [
      'a vector',
      (t) => ({
        ...t,
        reveals: t.reveals.map((m, i) =>
          i === 0 ? { ...m, second: m.second.map((each) => each.map((x) => x ^ 1)) } : m,
        ),
      }),
    ],
    [
      'a salt',
      (t) => ({
        ...t,
        reveals: t.reveals.map((m, i) => (i === 0 ? { ...m, firstSalt: new Uint8Array(16) } : m)),
      }),
    ],
    ['a reveal twice', (t) => ({ ...t, reveals: [...t.reveals, t.reveals[0]!] })],
    ['a reveal without a commit', (t) => ({ ...t, fullCommits: without(t.fullCommits) })],
    [
      'another’s arrival record',
      (t) => ({
        ...t,
        arrivals: [
          {
            ...job.arrival(job.witnesses[0]!, { stage: 'full', principals: [] }),
            by: keysOf('thief').publicKey,
          },
        ],
      }),
    ],
    [
      'another job’s arrival record',
      (t) => ({ ...t, arrivals: [other.arrival(other.witnesses[0]!, { stage: 'full', principals: [] })] }),
    ],
  ])('is noticed: %s', async (_, tamper) => {
    await expect(certify(tamper(honest))).rejects.toMatchObject({ name: 'MoeError' });
  });

  it('leaving a reveal out changes the certificate, and so its hash of the transcript', async () => {
    const body = await certify(honest);
    const less = await certify({ ...honest, reveals: without(honest.reveals) });
    expect(less.transcript).not.toBe(body.transcript);
  });

  it('the whole is bounded: 17 members are not read', () => {
    const many = { ...honest, commits: new Array(17).fill(honest.commits[0]) };
    expect(() => decode(encode(many), transcriptSchema)).toThrow(/expected form/);
  });
});

describe('the lists', () => {
  it('are as long for all: a member that sealed another number of answers has lied, and the job goes on', async () => {
    const { commits, ...transcript } = job.transcript();
    // `a` sealed and revealed one piece only: seal and reveal agree.
    const { sealedCommit, reveal } = onePiece(job, a);
    const body = await certify({
      ...transcript,
      commits,
      fullCommits: transcript.fullCommits.map((m) => (m.body.principal === a ? sealedCommit : m)),
      reveals: transcript.reveals.map((m) => (m.principal === a ? reveal : m)),
    });
    const members = new Map(body.members.map((member) => [member.principal, member]));
    expect(members.get(a)).toMatchObject({ outcome: 'wrong-reveal', losses: [null], slashMicro: 50_000n });
    expect([...members.values()].filter(({ outcome }) => outcome === 'scored')).toHaveLength(5);
  });
});

function onePiece(of: FixtureJob, node: NodeId) {
  const { second, secondSalt } = of.reveal(node);
  const answers = second.slice(1);
  const { list } = of.fullCommit(node).body;
  const author = { job: of.id, principal: node, worker: node };
  const keys = Array.from({ length: 9 }, (_, index) => keysOf(`expert-${index}`)).find(
    ({ publicKey }) => publicKey === node,
  )!;
  const seal = sealOf(author, list, answers, secondSalt);
  return {
    sealedCommit: signBody(keys, commitDomain, { ...author, stage: 'full' as const, list, seal }),
    reveal: of.reveal(node, { second: answers }),
  };
}
