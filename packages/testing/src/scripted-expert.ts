import { encode, type Hash, type JobId, signBody } from '@market-of-experts/core';
import {
  type Commit,
  type CommitBody,
  commitDomain,
  entryNames,
  int16Bytes,
  listHash,
  openJob,
  quantise,
  type Reveal,
  type RevealBody,
  type SealedJob,
  sealOf,
  signReveal,
} from '@market-of-experts/protocol';
import { firstListOf, openingBytes } from '@market-of-experts/roles/job/job-request';
import { refuse, serve } from '@market-of-experts/roles/messages/messaging';
import {
  fullRequestSchema,
  protocols,
  revealRequestSchema,
  sealedRequestSchema,
} from '@market-of-experts/roles/messages/protocols';
import type { FixedMarket } from './fixed-market.ts';

/** Where an expert departs from what an honest one does. Whatever is left out is done honestly, unchecked. */
export interface Script {
  readonly sealed?: (honest: Commit, body: CommitBody) => Commit | Promise<Commit>;
  readonly full?: (honest: Commit, body: CommitBody) => Commit | Promise<Commit>;
  readonly reveal?: (honest: Reveal, body: RevealBody) => Reveal | Promise<Reveal>;
  /** What witnesses are told of a first seal; default what the coordinator gets. */
  readonly told?: (body: CommitBody) => Commit;
  /** Whether witnesses get copies of what the coordinator gets; default true. */
  readonly notifies?: boolean;
}

/** Answers in the place of expert `index`, who must be one of the market's `strangers`. */
export function scriptedExpert(market: FixedMarket, index: number, script: Script): void {
  const { keys, node, encode: embed, transport } = market.experts[index]!;
  const jobs = new Map<JobId, { job: SealedJob; assignment: Hash; first: Uint8Array[]; reveal?: Reveal }>();
  const salt = new Uint8Array(16).fill(index);
  const authorOf = (job: JobId) => ({ job, principal: node, worker: node });
  const tell = (job: SealedJob, said: unknown): void => {
    if (script.notifies === false) return;
    const notice = encode({ job: job.id, opening: openingBytes(job), said });
    for (const witness of job.draw.witnesses) transport.notify(witness, protocols.arrived, notice);
  };
  const commitOf = (body: CommitBody): Commit => signBody(keys, commitDomain, body);

  serve(transport, protocols.sealed, sealedRequestSchema, async (request) => {
    const { orders, tickets, assignment } = request;
    const job = openJob(orders, market.roster, tickets);
    const { texts, list } = firstListOf(request);
    const first = texts.map((text) => int16Bytes(quantise(embed(text))));
    jobs.set(job.id, { job, assignment, first });
    const author = authorOf(job.id);
    const body = { ...author, stage: 'sealed' as const, list, seal: sealOf(author, list, first, salt) };
    const honest = commitOf(body);
    const commit = (await script.sealed?.(honest, body)) ?? honest;
    tell(job, { commit: script.told?.(body) ?? commit });
    return { commit };
  });
  serve(
    transport,
    protocols.full,
    fullRequestSchema,
    async ({ job: id, second: { texts, salt: listSalt } }) => {
      const state = jobs.get(id) ?? refuse('Unknown job.');
      const list = listHash(entryNames(texts, listSalt), state.assignment);
      const second = texts.map((text) => int16Bytes(quantise(embed(text))));
      const author = authorOf(id);
      const body = { ...author, stage: 'full' as const, list, seal: sealOf(author, list, second, salt) };
      const revealBody: RevealBody = {
        ...author,
        first: state.first,
        firstSalt: salt,
        second,
        secondSalt: salt,
      };
      const honestReveal = signReveal(keys, revealBody);
      const honest = commitOf(body);
      const commit = (await script.full?.(honest, body)) ?? honest;
      state.reveal = honestReveal;
      tell(state.job, { commit });
      return { commit };
    },
  );
  serve(transport, protocols.reveal, revealRequestSchema, async ({ job: id }) => {
    const state = jobs.get(id) ?? refuse('Unknown job.');
    const { signature: _, ...body } = state.reveal!;
    const reveal = (await script.reveal?.(state.reveal!, body)) ?? state.reveal!;
    tell(state.job, { reveal });
    return { reveal };
  });
}
