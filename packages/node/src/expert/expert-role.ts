import {
  type Clock,
  encode,
  type Hash,
  hashOf,
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
  type Commit,
  commitDomain,
  cutDomain,
  type Decline,
  declineDomain,
  float32Bytes,
  int16Bytes,
  isUnitVector,
  maskText,
  openJob,
  orderDomain,
  quantise,
  type Reveal,
  type SealedJob,
  saltedDataHash,
  sealFull,
  sealKept,
  signReveal,
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
  /** Messages may come twice: the same question gets the same answer, never a second seal. */
  readonly sealedAnswer: Promise<{ readonly commit: Commit } | { readonly decline: Decline }>;
  readonly expiresMs: number;
  sealed?: { readonly vector: Int16Array; readonly salt: Uint8Array; readonly seal: Hash };
  full?: { readonly cut: string; readonly answer: Promise<{ readonly commit: Commit }> };
  revealed?: { readonly seal: Hash; readonly reveal: Reveal };
}

/** Orders that are remembered as served, so that they are not served again. */
const maxServed = 65_536;
const maxTallies = 4_096;

/**
 * The expert's side of a job: seal the kept half, seal pieces and whole, reveal. It serves only jobs whose
 * order, tickets and draw it has checked itself, each once and before its deadline, and never reveals before its
 * second seal stands in the list.
 */
export function expertRole(init: ExpertInit): (components: ExpertComponents) => { readonly id: NodeId } {
  return (components) => {
    const { transport, backend, view, clock, random } = components;
    const self = init.keys.publicKey as NodeId;
    const inHand = new Map<JobId, JobInHand>();
    /** Jobs that are done, for those who ask again. */
    const done = new Map<JobId, JobInHand>();
    /** Deadlines of the orders served. */
    const served = new Map<JobId, number>();
    const maxJobs = init.maxJobs ?? 256;
    const routed: RoutedWork = routedWork();
    /** Tallies signed lately, by order: asked again for the same, the expert signs again. */
    const tallies = new Map<string, Hash>();

    const forgetExpired = (): void => {
      const nowMs = clock.nowMs();
      for (const [id, job] of inHand) {
        if (job.expiresMs > nowMs) break;
        inHand.delete(id);
      }
      for (const [id, deadlineMs] of served) {
        if (deadlineMs > nowMs && served.size <= maxServed) break;
        served.delete(id);
      }
    };
    const stateOf = (id: JobId): JobInHand =>
      inHand.get(id) ?? done.get(id) ?? refuse('This expert has no part in the job.');
    const notifyWitnesses = (job: SealedJob, notice: unknown): void => {
      const bytes = encode(notice);
      for (const witness of job.draw.witnesses) transport.notify(witness, protocols.arrived, bytes);
    };
    const embed = async (job: SealedJob, texts: readonly string[], signal: AbortSignal) => {
      const vectors = await backend.embed(texts, { signal });
      assertMarketVectors(vectors, texts.length, job.roster.parameters.dimensions);
      return vectors;
    };

    /** Seals the kept half, or declines: an honest expert that cannot answer says so rather than being late. */
    const seal = async (job: SealedJob, kept: string, signal: AbortSignal) => {
      const author = { job: job.id, principal: self, worker: self };
      let vector: Int16Array;
      try {
        vector = quantise((await embed(job, [kept], signal))[0]!);
      } catch (error) {
        const answer = { decline: decline(job, messageOf(error).slice(0, 200)) };
        notifyWitnesses(job, answer);
        return answer;
      }
      const salt = random.bytes(16);
      const commit = signBody(init.keys, commitDomain, {
        ...author,
        stage: 'sealed' as const,
        seal: sealKept(author, vector, salt),
      });
      const state = inHand.get(job.id);
      if (state !== undefined) state.sealed = { vector, salt, seal: commit.body.seal };
      notifyWitnesses(job, { commit });
      return { commit };
    };
    const decline = (job: SealedJob, reason: string): Decline =>
      signBody(init.keys, declineDomain, { job: job.id, principal: self, reason });

    serve(transport, protocols.sealed, sealedRequestSchema, async (request, from, signal) => {
      forgetExpired();
      const { order } = request;
      const roster = view.rosterOf(request.roster) ?? refuse('The roster of this job is not known here.');
      if (from !== order.body.coordinator) refuse('Only the coordinator of an order may run its job.');
      if (order.body.deadlineMs <= clock.nowMs()) refuse('The deadline of the order has passed.');
      if (!(await verifyBodyAsync(orderDomain, order))) refuse('The signature of the order is not valid.');
      const job = openJob(order, roster, request.tickets);
      if (!job.seats.includes(self)) refuse('This expert was not drawn for the job.');
      if (Buffer.byteLength(request.kept) > order.body.bytes)
        refuse('The kept half is longer than the datum that was ordered.');
      const known = inHand.get(job.id) ?? done.get(job.id);
      if (known !== undefined) {
        if (known.kept !== request.kept || known.job.draw.seed !== job.draw.seed)
          refuse('This expert has answered the job already.');
        return known.sealedAnswer;
      }
      if (served.has(job.id)) refuse('This expert has answered the job already.');
      if (inHand.size >= maxJobs) {
        const answer = { decline: decline(job, 'Too many jobs in hand.') };
        notifyWitnesses(job, answer);
        return answer;
      }
      served.set(job.id, order.body.deadlineMs);
      // Begins in the next microtask, when the state that it completes is there.
      const sealedAnswer = Promise.resolve().then(() => seal(job, request.kept, signal));
      inHand.set(job.id, {
        job,
        kept: request.kept,
        sealedAnswer,
        expiresMs: clock.nowMs() + jobLifetimeMs(job),
      });
      return sealedAnswer;
    });

    /** Seals pieces and whole of a datum that has been found to be the one ordered. */
    const sealWhole = async (state: JobInHand, text: string, signal: AbortSignal) => {
      const { job, sealed } = state;
      const masked = maskText(text, job.draw.seed, job.roster.parameters);
      if (sealed === undefined || masked === undefined || masked.kept !== state.kept)
        refuse('The kept half was not cut from this datum by the seed of the job.');
      const vectors = await embed(job, [...masked.pieces, text], signal);
      const delivered = vectors.at(-1)!;
      const pieces = vectors.slice(0, -1).map(quantise);
      const author = { job: job.id, principal: self, worker: self };
      const fullSalt = random.bytes(16);
      const seal = sealFull(author, pieces, delivered, fullSalt);
      const commit = signBody(init.keys, commitDomain, { ...author, stage: 'full' as const, seal });
      const reveal = signReveal(init.keys, {
        ...author,
        kept: int16Bytes(sealed.vector),
        keptSalt: sealed.salt,
        pieces: pieces.map(int16Bytes),
        full: float32Bytes(delivered),
        fullSalt,
      });
      state.revealed = { seal, reveal };
      notifyWitnesses(job, { commit });
      return { commit };
    };

    serve(transport, protocols.full, fullRequestSchema, async (request, from, signal) => {
      const state = stateOf(request.job);
      const { order, id } = state.job;
      const { cut } = request;
      if (from !== order.body.coordinator || cut.by !== from || cut.body.job !== id)
        refuse('The cut is not from the coordinator of this job.');
      if (state.sealed === undefined || !cut.body.seals.includes(state.sealed.seal))
        refuse("The cut does not hold this expert's seal.");
      if (!(await verifyBodyAsync(cutDomain, cut))) refuse('The signature of the cut is not valid.');
      if (
        Buffer.byteLength(request.text) !== order.body.bytes ||
        saltedDataHash(request.text, request.salt) !== order.body.dataHash
      )
        refuse('The datum is not the one that was ordered.');
      const seals = cut.body.seals.join();
      state.full ??= { cut: seals, answer: sealWhole(state, request.text, signal) };
      if (state.full.cut !== seals) refuse('This expert has another cut of the job.');
      return state.full.answer;
    });

    serve(transport, protocols.reveal, revealRequestSchema, async (request, from) => {
      const state = stateOf(request.job);
      if (from !== state.job.order.body.coordinator) refuse('Only the coordinator may ask for the reveal.');
      if (state.revealed === undefined || !request.seals.includes(state.revealed.seal))
        refuse("The list of commits does not hold this expert's second seal.");
      const answer = { reveal: state.revealed.reveal };
      if (inHand.delete(request.job)) {
        done.set(request.job, state);
        if (done.size > maxJobs) done.delete(done.keys().next().value!);
        notifyWitnesses(state.job, answer);
      }
      return answer;
    });

    serve(transport, protocols.route, routeRequestSchema, async ({ texts }, from, signal) => {
      const vectors = await backend.embed(texts, { signal });
      assertMarketVectors(vectors, texts.length, view.current().roster.parameters.dimensions);
      routed.record(from, texts);
      return { vectors: vectors.map(float32Bytes) };
    });

    serve(transport, protocols.tally, tallyRequestSchema, async ({ tally }, from) => {
      const body: TallyBody = tally.body;
      if (tally.by !== body.client || body.worker !== self || !(await verifyBodyAsync(tallyDomain, tally)))
        refuse('The tally is not signed by its client, or is for another expert.');
      const order = `${body.client}/${body.clientSeq}`;
      const hash = hashOf(tallyDomain, body);
      const signed = tallies.get(order);
      if (signed === undefined) {
        routed.settle(from, body);
        tallies.set(order, hash);
        if (tallies.size > maxTallies) tallies.delete(tallies.keys().next().value!);
      } else if (signed !== hash) refuse('This expert has signed another tally of the order.');
      return { tally: signBody(init.keys, tallyDomain, body) };
    });

    return { id: self };
  };
}

function jobLifetimeMs(job: SealedJob): number {
  const { sealedDeadlineMs, fullDeadlineMs, revealDeadlineMs } = job.roster.parameters;
  return 2 * (sealedDeadlineMs + fullDeadlineMs + revealDeadlineMs);
}

/** Throws `backend-invalid-output` for what the market cannot score: better now than slashed. */
function assertMarketVectors(vectors: readonly Float32Array[], count: number, dimensions: number): void {
  if (vectors.length !== count || vectors.some((vector) => vector.length !== dimensions))
    throw new MoeError(
      'backend-invalid-output',
      `The model must answer ${count} vectors of ${dimensions} numbers.`,
    );
  if (!vectors.every(isUnitVector))
    throw new MoeError('backend-invalid-output', 'The model must answer vectors of unit length.');
}
