/** An expert of the adversary: takes seats, answers when it likes, calls friends without end. */
import { decode, encode, type NodeId, signBody } from '@market-of-experts/core';
import {
  type ClaimBody,
  type Commit,
  claimDomain,
  commitDomain,
  declineDomain,
  int16Bytes,
  jobIdOf,
  type Order,
  openJob,
  sealOf,
  type Ticket,
} from '@market-of-experts/protocol';
import { firstListOf, type JobRequest } from '@market-of-experts/roles/job/job-request';
import {
  type claimRequestSchema,
  protocols,
  sealedRequestSchema,
} from '@market-of-experts/roles/messages/protocols';
import type { World } from './world.ts';

export interface CrookedExpert {
  /** Asks a friend of a job at hand, or repeats what it has asked before: at once, or long after. */
  claim(): Promise<void>;
}

interface Seat {
  readonly orders: readonly Order[];
  readonly roster: string;
  readonly tickets: readonly Ticket[];
  readonly first: JobRequest['first'];
  readonly assignment: JobRequest['assignment'];
  /** Claims that were sent, as bytes, with whom they went to. */
  readonly sent: { readonly to: NodeId; readonly bytes: Uint8Array }[];
}

const maxSeats = 64;
const maxResent = 40;

export function crookedExpert(world: World): CrookedExpert {
  const { market, uniform, adversary, clock, honest } = world;
  const keys = adversary.expert;
  const self = keys.publicKey as NodeId;
  const transport = adversary.ends.get(self)!;
  const seats: Seat[] = [];

  transport.handle(protocols.sealed, async (bytes) => {
    const request = decode(bytes, sealedRequestSchema);
    seats.push({ ...request, sent: [] });
    if (seats.length > maxSeats) seats.shift();
    const job = jobIdOf(request.orders.map(({ body }) => body));
    if (uniform() < 0.3)
      return encode({ decline: signBody(keys, declineDomain, { job, principal: self, reason: 'no' }) });
    const author = { job, principal: self, worker: self };
    const answers = [int16Bytes(new Int16Array(48).fill(1))];
    const { list } = firstListOf(request);
    const seal = sealOf(author, list, answers, new Uint8Array(16).fill(Math.floor(uniform() * 3)));
    const commit: Commit = signBody(keys, commitDomain, { ...author, stage: 'sealed' as const, list, seal });
    return encode({ commit });
  });

  const one = <Value>(values: readonly Value[]): Value => values[Math.floor(uniform() * values.length)]!;

  return {
    async claim() {
      if (seats.length === 0) return;
      const seat = one(seats);
      if (seat.sent.length > 0 && uniform() < 0.5) {
        const { to, bytes } = one(seat.sent);
        const times = uniform() < 0.05 ? maxResent : 1 + Math.floor(uniform() * 3);
        if (uniform() < 0.3) await clock.sleep(uniform() * 20_000);
        await Promise.allSettled(
          Array.from({ length: times }, () =>
            transport.request(to, protocols.claim, bytes, { timeoutMs: 5_000 }),
          ),
        );
        return;
      }
      const roster = market.view.rosterOf(seat.roster as never);
      if (roster === undefined) return;
      const { parameters } = roster;
      const job = openJob(seat.orders, roster, seat.tickets);
      const free = [...honest].filter((node) => market.experts.includes(node) && !job.seats.includes(node));
      const worker = one(free.length > 0 && uniform() < 0.9 ? free : market.experts);
      const body: ClaimBody = {
        job: job.id,
        principal: self,
        worker,
        index: uniform() < 0.8 ? 0 : Math.floor(uniform() * 4),
        maxAskBps: uniform() < 0.8 ? 5_000 : Math.floor(uniform() * 10_000),
        issuedMs: clock.nowMs() - (uniform() < 0.2 ? 60_000 : 0),
        ttlMs: 1 + Math.floor(uniform() * parameters.claimTtlMs),
      };
      const { sent: _, orders, ...request } = seat;
      const claim = signBody(keys, claimDomain, body);
      const bytes = encode({ ...request, orders: [...orders], claim, past: [] } satisfies Parameters<
        typeof claimRequestSchema.parse
      >[0]);
      seat.sent.push({ to: worker, bytes });
      await transport.request(worker, protocols.claim, bytes, { timeoutMs: 5_000 });
    },
  };
}
