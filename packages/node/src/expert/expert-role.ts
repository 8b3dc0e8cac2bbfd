import {
  type Clock,
  encode,
  type JobId,
  type KeyPair,
  MoeError,
  messageOf,
  type NodeId,
  type Random,
  signBody,
  verifyBodyAsync,
} from '@moe/core';
import type { ExpertBackend } from '@moe/experts';
import type { Transport } from '@moe/network';
import {
  commitDomain,
  declineDomain,
  float32Bytes,
  int16Bytes,
  maskText,
  openJob,
  orderDomain,
  quantise,
  type Reveal,
  type SealedJob,
  saltedDataHash,
  sealFull,
  sealKept,
  type TallyBody,
  tallyDomain,
} from '@moe/protocol';
import type { MarketView } from '../market/market-view.ts';
import { refuse, serve } from '../market/messaging.ts';
import {
  fullRequestSchema,
  protocols,
  revealRequestSchema,
  routeRequestSchema,
  sealedRequestSchema,
  tallyRequestSchema,
} from '../protocols.ts';
import { type RoutedWork, routedWork } from './routed-work.ts';

export interface ExpertInit {
  readonly keys: KeyPair;
  /** Jobs in hand at once; more are declined. */
  readonly maxJobs?: number;
}

export interface ExpertComponents {
  readonly transport: Transport;
  /** Unit float32 vectors in the market's space. */
  readonly backend: ExpertBackend;
  readonly view: MarketView;
  readonly clock: Clock;
  readonly random: Random;
}

/** What the expert remembers of a job between its stages. */
interface JobInHand {
  readonly job: SealedJob;
  readonly kept: string;
  readonly keptVector: Int16Array;
  readonly keptSalt: Uint8Array;
  readonly expiresMs: number;
  seal: string;
  reveal?: Reveal;
}

/**
 * The expert's side of a job: seal the kept half, seal pieces and whole, reveal. It serves only jobs whose
 * order, tickets and draw it has checked itself, and never reveals before its second seal stands in the list.
 */
export function expertRole(init: ExpertInit): (components: ExpertComponents) => { readonly id: NodeId } {
  return (components) => {
    const { transport, backend, view, clock, random } = components;
    const self = init.keys.publicKey as NodeId;
    const inHand = new Map<JobId, JobInHand>();
    const maxJobs = init.maxJobs ?? 256;
    const routed: RoutedWork = routedWork();

    const forgetExpired = (): void => {
      const nowMs = clock.nowMs();
      for (const [id, job] of inHand) {
        if (job.expiresMs > nowMs) break;
        inHand.delete(id);
      }
    };
    const notifyWitnesses = (job: SealedJob, notice: unknown): void => {
      const bytes = encode(notice);
      for (const witness of job.draw.witnesses) transport.notify(witness, protocols.arrived, bytes);
    };

    serve(transport, protocols.sealed, sealedRequestSchema, async (request, from, signal) => {
      forgetExpired();
      const roster = view.rosterOf(request.roster) ?? refuse('The roster of this job is not known here.');
      if (from !== request.order.body.coordinator)
        refuse('Only the coordinator of an order may run its job.');
      if (!(await verifyBodyAsync(orderDomain, request.order)))
        refuse('The signature of the order is not valid.');
      const job = openJob(request.order, roster, request.tickets);
      if (!job.seats.includes(self)) refuse('This expert was not drawn for the job.');
      if (inHand.has(job.id)) refuse('This expert has answered the job already.');
      const decline = (reason: string) => ({
        decline: signBody(init.keys, declineDomain, { job: job.id, principal: self, reason }),
      });
      if (inHand.size >= maxJobs) return decline('Too many jobs in hand.');
      let keptVector: Int16Array;
      try {
        const [vector] = await backend.embed([request.kept], { signal });
        keptVector = quantise(vector!);
      } catch (error) {
        // An honest expert that cannot answer says so in time rather than being late.
        return decline(messageOf(error).slice(0, 200));
      }
      const keptSalt = random.bytes(16);
      const author = { job: job.id, principal: self, worker: self };
      const commit = signBody(init.keys, commitDomain, {
        ...author,
        stage: 'sealed' as const,
        seal: sealKept(author, keptVector, keptSalt),
      });
      inHand.set(job.id, {
        job,
        kept: request.kept,
        keptVector,
        keptSalt,
        expiresMs: clock.nowMs() + jobLifetimeMs(job),
        seal: commit.body.seal,
      });
      notifyWitnesses(job, { commit });
      return { commit };
    });

    serve(transport, protocols.full, fullRequestSchema, async (request, from, signal) => {
      const state = inHand.get(request.job) ?? refuse('This expert has no part in the job.');
      const { job } = state;
      if (from !== job.order.body.coordinator || request.cut.body.job !== job.id)
        refuse('The cut is not from the coordinator of this job.');
      if (!request.cut.body.seals.includes(state.seal as never))
        refuse("The cut does not hold this expert's seal.");
      if (saltedDataHash(request.text, request.salt) !== job.order.body.dataHash)
        refuse('The datum is not the one that was ordered.');
      const masked = maskText(request.text, job.draw.seed, job.roster.parameters);
      if (masked === undefined || masked.kept !== state.kept)
        refuse('The kept half was not cut from this datum by the seed of the job.');
      const vectors = await backend.embed([...masked.pieces, request.text], { signal });
      const delivered = vectors.at(-1)!;
      const pieces = vectors.slice(0, -1).map(quantise);
      const author = { job: job.id, principal: self, worker: self };
      const fullSalt = random.bytes(16);
      const seal = sealFull(author, pieces, delivered, fullSalt);
      const commit = signBody(init.keys, commitDomain, { ...author, stage: 'full' as const, seal });
      state.seal = seal;
      state.reveal = {
        ...author,
        kept: int16Bytes(state.keptVector),
        keptSalt: state.keptSalt,
        pieces: pieces.map(int16Bytes),
        full: float32Bytes(delivered),
        fullSalt,
      };
      notifyWitnesses(job, { commit });
      return { commit };
    });

    serve(transport, protocols.reveal, revealRequestSchema, async (request, from) => {
      const state = inHand.get(request.job) ?? refuse('This expert has no part in the job.');
      if (from !== state.job.order.body.coordinator) refuse('Only the coordinator may ask for the reveal.');
      if (state.reveal === undefined || !request.seals.includes(state.seal as never))
        refuse("The list of commits does not hold this expert's second seal.");
      inHand.delete(request.job);
      notifyWitnesses(state.job, { reveal: state.reveal });
      return { reveal: state.reveal };
    });

    serve(transport, protocols.route, routeRequestSchema, async ({ texts }, from, signal) => {
      const vectors = await backend.embed(texts, { signal });
      routed.record(from, texts);
      return { vectors: vectors.map(float32Bytes) };
    });

    serve(transport, protocols.tally, tallyRequestSchema, async ({ tally }, from) => {
      const body: TallyBody = tally.body;
      if (tally.by !== body.client || body.worker !== self || !(await verifyBodyAsync(tallyDomain, tally)))
        refuse('The tally is not signed by its client, or is for another expert.');
      routed.settle(from, body);
      return { tally: signBody(init.keys, tallyDomain, body) };
    });

    return { id: self };
  };
}

function jobLifetimeMs(job: SealedJob): number {
  const { sealedDeadlineMs, fullDeadlineMs, revealDeadlineMs } = job.roster.parameters;
  return 2 * (sealedDeadlineMs + fullDeadlineMs + revealDeadlineMs);
}

/** A backend's vectors that are not what the market can score. */
export function assertMarketVectors(
  vectors: readonly Float32Array[],
  count: number,
  dimensions: number,
): void {
  if (vectors.length !== count || vectors.some((vector) => vector.length !== dimensions))
    throw new MoeError(
      'backend-invalid-output',
      `The model must answer ${count} vectors of ${dimensions} numbers.`,
    );
}
