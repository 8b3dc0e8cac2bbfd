import { type NodeId, signBody } from '@market-of-experts/core';
import {
  type Certificate,
  closeFull,
  closeReveal,
  cutDomain,
  cutJob,
  type OwnEntry,
  ownEntries,
  type Roster,
  type Transcript,
} from '@market-of-experts/protocol';
import { askedQuestion } from './stages/asked-question.ts';
import { certifyStage } from './stages/certify-stage.ts';
import { fullStage } from './stages/full-stage.ts';
import { noteStage } from './stages/note-stage.ts';
import { openStage } from './stages/open-stage.ts';
import { revealStage } from './stages/reveal-stage.ts';
import { sealedStage } from './stages/sealed-stage.ts';
import { type ShardJobComponents, type ShardJobInput, shardRun } from './stages/shard-run.ts';

export interface ShardOutcome {
  readonly certificate: Certificate;
  readonly transcript: Transcript;
  readonly roster: Roster;
  /** The entries of each order's text in the second list, by which its client finds them. */
  readonly entries: readonly (readonly OwnEntry[])[];
  /** From the request to the first commit, by worker. */
  readonly latenciesMs: ReadonlyMap<NodeId, number>;
}

/** Runs one job through its stages, from the order to the certificate (docs/concepts/job.md). */
export async function runShardJob(
  components: ShardJobComponents,
  input: ShardJobInput,
): Promise<ShardOutcome> {
  const run = shardRun(components, input);
  const opened = await openStage(run);
  const asked = await askedQuestion(run, opened);
  const sealed = await sealedStage(run, opened, asked);
  // The last moment to leave: from the cut on its experts work on the whole, and the order stands for this job alone.
  input.signal.throwIfAborted();
  const cut = signBody(components.keys, cutDomain, {
    job: sealed.id,
    seals: sealed.commits.map(({ body }) => body.seal),
  });
  const cutOff = cutJob(sealed);
  // Noting goes on beside the work, and ends before anything is revealed.
  const [full, notes] = await Promise.all([fullStage(run, cutOff, cut, asked), noteStage(run, cutOff, cut)]);
  const closed = closeReveal(await revealStage(run, closeFull(full), { cut, notes, asked }));
  const transcript: Transcript = {
    orders: closed.orders,
    roster: input.rosterHash,
    tickets: closed.tickets,
    question: asked.opened,
    commits: closed.commits,
    grants: closed.grants,
    declines: closed.declines,
    cut,
    fullCommits: closed.fullCommits,
    reveals: closed.reveals,
    arrivals: run.arrivals,
  };
  return {
    certificate: await certifyStage(run, closed, transcript),
    transcript,
    roster: input.roster,
    entries: input.orders.map((_, datum) => ownEntries(asked.opened, asked.whole.salts.second, datum)),
    latenciesMs: run.latenciesMs,
  };
}
