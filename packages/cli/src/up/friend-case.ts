import { setTimeout as delay } from 'node:timers/promises';
import type { JobSummary } from '@market-of-experts/api/jobs';
import { formatCredits, isMoeError } from '@market-of-experts/core';
import type { EmbeddedMarket } from '@market-of-experts/host/embedded-market';
import { embeddedParameters, splitFee } from '@market-of-experts/protocol';
import { sampleKinds, sampleTexts } from '@market-of-experts/training';
import { fit } from '../terminal/fit.ts';
import { formatShare, paint, plural, printable } from '../terminal/text.ts';
import { jobTable } from './job-table.ts';
import type { UpLog } from './log.ts';

/** How long a friend who wins is looked for; the tour must end. */
export interface FriendSearch {
  readonly jobs: number;
  readonly timeMs: number;
}

const defaultSearch: FriendSearch = { jobs: 80, timeMs: 45_000 };

/** Of one kind, examined together. */
const examTexts = 8;

type Member = JobSummary['members'][number];
type Friend = NonNullable<Member['friend']>;

/**
 * The tour's case of a friend: house jobs run until a member wins by calling an expert that is better than itself,
 * and that job is shown. If there is none in time, it says so.
 */
export async function friendCase(
  market: EmbeddedMarket,
  log: UpLog,
  signal: AbortSignal,
  search: FriendSearch = defaultSearch,
): Promise<void> {
  log.say('');
  log.say(`${paint('bold', 'Calling a friend')}`);
  log.say(
    '   An expert that expects to lose may call one that was not drawn to work in its place, for a share of the fee.',
  );
  const serving = market.service.status().experts.filter(({ state }) => state === 'serving').length;
  if (serving <= embeddedParameters.shardSize) {
    log.say(
      `   Here ${serving} experts serve and ${embeddedParameters.shardSize} are drawn for a job, so nobody is left to be called. Start with more of them (--experts).`,
      { event: 'tour', textKind: 'calling a friend', jobs: 0, calls: 0 },
    );
    return;
  }
  log.say(
    '   Whom to call it knows from who won on such texts before. The house now pays for jobs until that is seen.',
  );
  const found = await findCalledFriend(market, log, search, signal);
  log.background(undefined);
  signal.throwIfAborted();
  if (found.job === undefined) {
    log.say(
      `   In ${plural(found.jobs, 'job')} friends were called ${plural(found.calls, 'time')}, and none of them has won yet. Watch for ↳ below.`,
      { event: 'tour', textKind: 'calling a friend', jobs: found.jobs, calls: found.calls },
    );
    return;
  }
  show(market, log, found.job, found);
}

interface Found {
  readonly jobs: number;
  readonly calls: number;
  /** The first in which a weaker expert won by a stronger one; else the first that was won by a friend. */
  readonly job: JobSummary | undefined;
}

async function findCalledFriend(
  market: EmbeddedMarket,
  log: UpLog,
  search: FriendSearch,
  signal: AbortSignal,
): Promise<Found> {
  const seen = { jobs: 0, calls: 0 };
  let won: JobSummary | undefined;
  let isFound = false;
  const unsubscribe = market.service.subscribe((event) => {
    if (!('job' in event) || event.job.kind !== 'house' || isFound) return;
    seen.jobs += 1;
    seen.calls += event.job.members.filter(({ friend }) => friend !== undefined).length;
    const winner = winnerOf(event.job);
    if (winner?.friend === undefined) return;
    isFound = isWeaker(market, winner.id, winner.friend.id);
    if (isFound || won === undefined) won = event.job;
  });
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  const timer = delay(search.timeMs, undefined, { signal: ended }).then(
    () => over.abort(),
    () => undefined,
  );
  try {
    for (let job = 0; job < search.jobs && !isFound && !ended.aborted; job += examTexts) {
      log.background(
        `looking for a friend who wins: ${plural(seen.jobs, 'text')} of ${search.jobs} at most, ${plural(seen.calls, 'call')}`,
      );
      const kind = sampleKinds[(job / examTexts) % sampleKinds.length]!;
      const texts = sampleTexts(kind).slice(0, Math.min(examTexts, search.jobs - job));
      await market.examine(
        texts.map(({ text }) => text),
        ended,
      );
    }
  } catch (error) {
    // Time is up, or the house has spent its money: what was seen is shown.
    if (signal.aborted || !(over.signal.aborted || isMoeError(error, 'insufficient-funds'))) throw error;
  } finally {
    unsubscribe();
    over.abort();
    await timer;
  }
  return { ...seen, job: won };
}

function winnerOf(job: JobSummary): Member | undefined {
  return job.members.find(({ id }) => id === job.winner);
}

function meanLossOf(market: EmbeddedMarket, id: string): number | undefined {
  return market.service.status().experts.find((expert) => expert.id === id)?.meanLoss;
}

function isWeaker(market: EmbeddedMarket, principal: string, friend: string): boolean {
  const [own, others] = [meanLossOf(market, principal), meanLossOf(market, friend)];
  return own !== undefined && others !== undefined && own > others;
}

function show(market: EmbeddedMarket, log: UpLog, job: JobSummary, { jobs, calls }: Found): void {
  const winner = winnerOf(job)!;
  const friend = winner.friend!;
  log.say(`   ${paint('dim', `Job ${jobs}: “${fit(printable(job.preview ?? ''), 66)}”`)}`);
  log.say(jobTable(job));
  log.say(`   ${story(market, winner, friend)}`);
  log.say(`   ${feeLine(job, winner, friend)}`);
  log.say(`   Receipt: ${paint('dim', `moe receipt ${job.receiptId} --verify`)}`, {
    ...job,
    event: 'tour',
    textKind: 'calling a friend',
    jobs,
    calls,
  });
}

function story(market: EmbeddedMarket, winner: Member, friend: Friend): string {
  const lossOf = (id: string): string => {
    const loss = meanLossOf(market, id);
    return loss === undefined ? '' : ` (mean loss so far ${loss.toFixed(3)})`;
  };
  return `${paint('bold', winner.name)}${lossOf(winner.id)} was drawn and called ${paint('bold', friend.name)}${lossOf(friend.id)}, who was not.`;
}

function feeLine(job: JobSummary, winner: Member, friend: Friend): string {
  const { workerMicro, principalMicro, marketMicro } = splitFee(
    job.feeMicro,
    embeddedParameters.feeBps,
    friend.askBps,
  );
  return (
    `The fee of ${formatCredits(job.feeMicro)} cr: the market keeps ${formatCredits(marketMicro)}; of the rest ` +
    `${friend.name} gets ${formatShare(friend.askBps)}, ${formatCredits(workerMicro)} cr, for the work, ` +
    `and ${winner.name} ${formatCredits(principalMicro)} cr for having called it.`
  );
}
