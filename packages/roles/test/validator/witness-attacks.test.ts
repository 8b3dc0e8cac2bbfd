import {
  encode,
  generateKeyPair,
  hashOf,
  type JobId,
  type KeyPair,
  type NodeId,
  signBody,
} from '@market-of-experts/core';
import { memoryGuard } from '@market-of-experts/ledger/guard';
import type { Transport } from '@market-of-experts/network';
import {
  type ArrivalBody,
  type ArrivalRecord,
  commitDomain,
  jobIdOf,
  openJob,
  type SealedJob,
} from '@market-of-experts/protocol';
import { basePositions } from '@market-of-experts/testing/reserve-texts';
import { type SmallMarket, smallMarket } from '@market-of-experts/testing/small-market';
import { steppedClock } from '@market-of-experts/testing/stepped-clock';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openingBytes } from '../../src/job/job-request.ts';
import { call, serve } from '../../src/messages/messaging.ts';
import { arrivalsResponseSchema, protocols, sealedRequestSchema } from '../../src/messages/protocols.ts';
import { validatorRole } from '../../src/validator/validator-role.ts';

let market: SmallMarket;
const clock = steppedClock();
beforeEach(() => {
  // Nobody answers by himself: the test says what reaches the witness.
  market = smallMarket({ experts: 24, strangers: Array.from({ length: 24 }, (_, index) => index), clock });
  for (const { transport } of market.experts)
    serve(transport, protocols.sealed, sealedRequestSchema, () => new Promise(() => undefined));
});
afterEach(() => market.close());

const witness = () => market.validators[0]!.node;
const ordered = (topic: number): SealedJob => {
  const { order } = market.order({ text: textAbout(topic) });
  const id = jobIdOf([order.body]);
  return openJob([order], market.roster, [market.validators[0]!.tickets.release(id)]);
};
const sealOf = (job: JobId, node: NodeId, keys: KeyPair) => ({
  commit: signBody(keys, commitDomain, {
    job,
    stage: 'sealed' as const,
    principal: node,
    worker: node,
    list: hashOf('list', 0),
    seal: hashOf('seal', node),
  }),
});
const tell = (from: Transport, job: SealedJob, said: unknown, opening = openingBytes(job)): void =>
  from.notify(witness(), protocols.arrived, encode({ job: job.id, opening, said }));
const question = (job: SealedJob): Uint8Array => {
  const opening = { orders: job.orders, roster: market.rosterHash, tickets: job.tickets };
  const first = { texts: ['half'], salt: new Uint8Array(0) };
  const asked = encode({
    ...opening,
    first,
    positions: basePositions(['part'], market.roster.parameters),
    assignment: hashOf('assignment', 0),
  });
  return encode({ job: job.id, stage: 'sealed', opening: openingBytes(job), asked });
};
const asked = async (job: SealedJob): Promise<ArrivalBody> => {
  await clock.sleep(20);
  const request = question(job);
  const { record } = await call(
    market.coordinator.transport,
    witness(),
    protocols.arrivals,
    request,
    arrivalsResponseSchema,
    { timeoutMs: 5_000 },
  );
  return (record as ArrivalRecord).body;
};
const seat = (job: SealedJob, index: number) => market.experts.find(({ node }) => node === job.seats[index])!;

describe('what an expert has shown to a witness', () => {
  it('outlasts 4,096 notices of jobs that nobody ordered, by keys that nobody registered', async () => {
    const job = ordered(1);
    const shown = seat(job, 0);
    tell(shown.transport, job, sealOf(job.id, shown.node, shown.keys));
    expect((await asked(job)).principals).toEqual([shown.node]);
    const keys = generateKeyPair();
    const stranger = market.network.connect(keys.publicKey as NodeId);
    for (let index = 0; index < 4_200; index += 1) {
      const invented = { ...job, id: hashOf('invented', index) as string as JobId };
      tell(stranger, invented, sealOf(invented.id, stranger.self, keys));
      if (index % 500 === 0) await clock.sleep(1);
    }
    // A registered expert fares no better with orders that no client has signed.
    const rogue = market.experts.find(({ node }) => !job.seats.includes(node))!;
    for (let index = 0; index < 200; index += 1) {
      const order = { ...job.orders[0]!, body: { ...job.orders[0]!.body, clientSeq: 5_000 + index } };
      const id = jobIdOf([order.body]);
      tell(rogue.transport, { ...job, id, orders: [order] }, sealOf(id, rogue.node, rogue.keys));
    }
    expect((await asked(job)).principals).toEqual([shown.node]);
    await stranger.close();
  });

  it('is told although 17 others write in the same job: only its seats are heard', async () => {
    const job = ordered(2);
    for (const { node, keys, transport } of market.experts) tell(transport, job, sealOf(job.id, node, keys));
    const { principals } = await asked(job);
    expect(principals.toSorted()).toEqual([...job.seats].sort());
    expect(principals.length).toBeLessThanOrEqual(16);
  });

  it('is not held against those who are missing by a witness that was restarted meanwhile', async () => {
    const job = ordered(3);
    const shown = seat(job, 0);
    tell(shown.transport, job, sealOf(job.id, shown.node, shown.keys));
    await clock.sleep(20);
    const keys = market.validators[0]!.keys;
    // The same key and guard in a new process; what was in memory is gone, its list of tickets with it.
    const second = smallMarket({ clock, experts: 24, guard: memoryGuard(clock.nowMs) });
    try {
      const transport = second.network.connect(generateKeyPair().publicKey as NodeId);
      validatorRole({ signer: market.signerOf(keys) })({
        transport,
        view: market.view,
        clock,
        tickets: () => ({ ...market.validators[0]!.tickets, root: hashOf('another', 'list') }),
      });
      const other = ordered(4);
      for (const each of [job, other])
        await expect(
          call(
            second.coordinator.transport,
            transport.self,
            protocols.arrivals,
            question(each),
            arrivalsResponseSchema,
            { timeoutMs: 5_000 },
          ),
        ).rejects.toThrow(/something else|has started since/);
      await transport.close();
    } finally {
      await second.close();
    }
  });

  it('is told to the coordinator of the order alone', async () => {
    const job = ordered(5);
    await expect(
      call(seat(job, 0).transport, witness(), protocols.arrivals, question(job), arrivalsResponseSchema, {
        timeoutMs: 5_000,
      }),
    ).rejects.toThrow(/Only the coordinator/);
    expect((await asked(job)).principals).toEqual([]);
  });
});
