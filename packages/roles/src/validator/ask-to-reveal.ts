import { decode, encode, type NodeId } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import { askingMs } from '../job/job-times.ts';
import { hasEnoughSealed } from '../job/reveal-question.ts';
import { protocols, revealResponseSchema } from '../messages/protocols.ts';
import type { MarketView } from '../view/market-view.ts';
import { deliveredIn, notesOfCut, questionOfCut } from './delivered.ts';
import type { WitnessedJob } from './witnessed-jobs.ts';

/**
 * Has all those reveal who have sealed their whole work, once one of them has: a coordinator that asks only some of them would have
 * answers that are too few to be judged, and so for nothing.
 */
export async function askToReveal(
  transport: Transport,
  view: Pick<MarketView, 'validators' | 'isQuorum' | 'task'>,
  witnessed: WitnessedJob,
): Promise<void> {
  const { job, cut, arrivals } = witnessed;
  if (cut === undefined) return;
  const { fullCommits, reveals } = deliveredIn(witnessed, cut);
  const revealed = new Set(reveals.map(({ principal }) => principal));
  const missing = fullCommits.filter(({ body }) => !revealed.has(body.principal));
  const sealed = new Set(fullCommits.map(({ body }) => body.principal));
  if (missing.length === 0 || !hasEnoughSealed(job, sealed, cut.cut.body)) return;
  const notes = await notesOfCut(view, witnessed, cut);
  const question = questionOfCut(view, witnessed, cut, { fullCommits });
  if (notes === undefined || question === undefined) return;
  const request = encode({ job: job.id, cut: cut.cut, fullCommits, grants: cut.grants, notes, question });
  const ask = async (worker: NodeId): Promise<void> => {
    const options = { timeoutMs: askingMs('reveal', job.roster.parameters) };
    const bytes = await transport.request(worker, protocols.reveal, request, options);
    arrivals.record(decode(bytes, revealResponseSchema), worker);
  };
  await Promise.allSettled(missing.map(({ body }) => ask(body.worker)));
}
