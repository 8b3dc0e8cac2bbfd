import { encode, type NodeId, signBody, toHex } from '@market-of-experts/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certifyJob } from '../../src/job/certify.ts';
import { type Commit, type Decline, orderDomain, type Reveal } from '../../src/job/messages.ts';
import {
  closeFull,
  closeReveal,
  cutJob,
  openJob,
  receiveCommit,
  receiveDecline,
  receiveFullCommit,
  receiveReveal,
  type SealedJob,
  sealedProgress,
} from '../../src/job/phases.ts';
import { replayTranscript } from '../../src/job/replay.ts';
import { context, fixtureJob, ownerOf, roster } from './job-fixture.ts';

const job = fixtureJob('phases');
const other = fixtureJob('phases of another job');
const seats = job.seats;
const outsider = roster.experts.find(({ node }) => !seats.includes(node))!.node;

type Message =
  | { readonly kind: 'commit'; readonly message: Commit }
  | { readonly kind: 'decline'; readonly message: Decline }
  | { readonly kind: 'reveal'; readonly message: Reveal };
const anyone = fc.constantFrom(...seats, ...seats, outsider);
const someJob = fc.constantFrom(job, job, job, other);
const message: fc.Arbitrary<Message> = fc
  .tuple(someJob, anyone, fc.constantFrom('sealed', 'sealed', 'full', 'full', 'decline', 'reveal', 'reveal'))
  .map(([of, node, kind]): Message => {
    if (kind === 'reveal') return { kind, message: of.reveal(node) };
    if (kind === 'decline') return { kind, message: of.decline(node) };
    return { kind: 'commit', message: kind === 'sealed' ? of.commit(node) : of.fullCommit(node) };
  });

const snapshot = (state: object): string => toHex(encode({ ...state, roster: null }));

/** Applies what belongs, checks that what does not belong is refused in words and changes nothing. */
function feed<State extends object>(
  state: State,
  messages: readonly Message[],
  receive: (state: State, message: Message) => State,
): State {
  let current = state;
  for (const each of messages) {
    const before = snapshot(current);
    const held = current;
    try {
      current = receive(current, each);
    } catch (error) {
      expect(error).toMatchObject({ code: 'message-refused' });
    }
    expect(snapshot(held)).toBe(before);
  }
  return current;
}
const wrongStage = (state: never): never => {
  throw Object.assign(new Error(String(state)), { code: 'message-refused' });
};

describe('phases', () => {
  it('any sequence of messages gives a job that replays to the same certificate, or none', () => {
    const list = fc.array(message, { minLength: 8, maxLength: 30 });
    let certified = 0;
    fc.assert(
      fc.property(list, list, list, (first, second, third) => {
        const sealed = feed(
          openJob([job.order], roster, job.tickets),
          first,
          (state, { kind, message: m }) =>
            kind === 'commit'
              ? receiveCommit(state, m)
              : kind === 'decline'
                ? receiveDecline(state, m)
                : wrongStage(state as never),
        );
        const principals = [...sealed.commits, ...sealed.declines].map(({ body }) => body.principal);
        expect(new Set(principals).size).toBe(principals.length);
        expect(principals.every((node) => seats.includes(node))).toBe(true);
        const paid = sealed.commits.filter(({ body }) => job.members.includes(body.principal)).length;
        if (paid < roster.parameters.minimumScored) {
          expect(() => cutJob(sealed)).toThrow(/are needed\. Nothing was charged/);
          return;
        }
        const full = feed(cutJob(sealed), second, (state, { kind, message: m }) =>
          kind === 'commit' ? receiveFullCommit(state, m) : wrongStage(state as never),
        );
        const closed = closeReveal(
          feed(closeFull(full), third, (state, { kind, message: m }) =>
            kind === 'reveal' ? receiveReveal(state, m) : wrongStage(state as never),
          ),
        );
        const by = (messages: readonly { readonly body: { readonly principal: NodeId } }[]) =>
          messages.map(({ body }) => body.principal);
        const transcript = job.transcript({
          commits: by(closed.commits),
          declines: by(closed.declines),
          fullCommits: by(closed.fullCommits),
          reveals: closed.reveals.map(({ principal }) => principal),
        });
        const replayed = replayTranscript(transcript, roster);
        expect(certifyJob(replayed, transcript, context)).toEqual(certifyJob(closed, transcript, context));
        certified += 1;
      }),
      { numRuns: 80 },
    );
    expect(certified).toBeGreaterThan(10);
  });

  it('a decline stands: no commit after it, nor a second one', () => {
    const [a] = seats as [NodeId];
    const declined = receiveDecline(openJob([job.order], roster, job.tickets), job.decline(a));
    expect(() => receiveCommit(declined, job.commit(a))).toThrow(/declined/);
    expect(() => receiveDecline(declined, job.decline(a))).toThrow(/answered already/);
  });
});

describe('opening a job', () => {
  const open = (changes: Parameters<typeof fixtureJob>[1], name = 'opening') => {
    const made = fixtureJob(name, changes);
    return openJob([made.order], roster, made.tickets);
  };
  it('asks the fee that the roster gives, and not more than the client allows', () => {
    expect(open({}).feeMicro).toBe(10_000n);
    expect(open({ tipMicro: 5n }).feeMicro).toBe(10_005n);
    expect(() => open({ maxFeeMicro: 9_999n })).toThrow(/costs 10000 .* allows 9999/);
  });

  it('refuses other networks and markets, too long data, strangers’ orders and wrong tickets', () => {
    expect(() => open({ network: 'other' })).toThrow(/not test-net/);
    expect(() => open({ market: 'images' as never })).toThrow(/not test-net/);
    expect(() => open({ bytes: roster.parameters.maximumTextBytes + 1 })).toThrow(/bytes/);
    const stolen = signBody(ownerOf('thief'), orderDomain, job.order.body);
    expect(() => openJob([stolen], roster, job.tickets)).toThrow(/not signed by its client/);
    expect(() => openJob([job.order], roster, [])).toThrow(/tickets/);
    expect(() => openJob([job.order], roster, other.tickets)).toThrow(/tickets/);
    expect(() => openJob([job.order], roster, [...job.tickets, job.tickets[0]!])).toThrow(/tickets/);
  });

  it('draws another shard for another salt: the client cannot foresee it', () => {
    const draws = Array.from({ length: 12 }, (_, index) => open({}, `salt ${index}`).draw.members.join());
    expect(new Set(draws).size).toBeGreaterThan(6);
  });

  it('needs three paid experts', () => {
    const few = {
      ...roster,
      experts: roster.experts.map((expert, index) => ({ ...expert, onProbation: index > 1 })),
    };
    expect(() => openJob([job.order], few, job.tickets)).toThrow(/at least 3/);
  });
});

describe('the cut', () => {
  const progress = (commits: readonly NodeId[], declines: readonly NodeId[] = []): string => {
    let state: SealedJob = openJob([job.order], roster, job.tickets);
    for (const node of commits) state = receiveCommit(state, job.commit(node));
    for (const node of declines) state = receiveDecline(state, job.decline(node));
    return sealedProgress(state);
  };
  const paid = job.members;
  const newcomer = seats.at(-1)!;
  it('waits for 80 % of those paid members who have not declined', () => {
    expect(progress([])).toBe('waiting');
    expect(progress(paid.slice(0, 3))).toBe('waiting');
    expect(progress([...paid.slice(0, 3), newcomer])).toBe('waiting');
    expect(progress(paid.slice(0, 4))).toBe('quorum');
    expect(progress(paid.slice(0, 3), paid.slice(3, 4))).toBe('waiting');
    expect(progress(paid.slice(0, 3), paid.slice(3))).toBe('quorum');
    expect(progress([], paid)).toBe('waiting');
    expect(progress(paid.slice(0, 4), [paid[4]!, newcomer])).toBe('all');
  });
});
