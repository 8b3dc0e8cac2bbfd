import type { JobSummary } from '@market-of-experts/api/jobs';
import type { EmbeddedMarket } from '@market-of-experts/host/embedded-market';
import { float32FromBytes } from '@market-of-experts/protocol';
import { type SampleKind, sampleTexts } from '@market-of-experts/training';
import { fit } from '../terminal/fit.ts';
import { paint, printable } from '../terminal/text.ts';
import { friendCase } from './friend-case.ts';
import { jobTable } from './job-table.ts';
import type { UpLog } from './log.ts';

const tourKinds: readonly SampleKind[] = ['prose', 'code', 'german', 'japanese', 'typos'];

/** The guided tour: one text of each kind goes through the market, then a friend is called; what happened is shown. */
export async function tour(market: EmbeddedMarket, log: UpLog, signal: AbortSignal): Promise<void> {
  const { service } = market;
  log.say('');
  log.say(paint('bold', 'A short tour. Five texts go through the market.'));
  log.say(
    'For each, three experts are drawn. They see half of the text; the other half is cut in pieces and hidden.',
  );
  log.say(
    'Loss is the share of look-alikes that an expert finds closer to its half than the hidden piece: 0 best, 0.5 chance.',
  );
  log.say('“a → b” is an expert a that was drawn and called a friend b, who worked in its place.');
  for (const [index, kind] of tourKinds.entries()) {
    signal.throwIfAborted();
    const { text } = sampleTexts(kind)[0]!;
    const job = nextJob(
      market,
      (summary) => summary.kind === 'client' && text.startsWith(summary.preview ?? '\0'),
    );
    const [embedded] = await service.serve({
      account: market.clientAccount,
      market: market.firstMarket,
      texts: [text],
      mode: 'shard',
      // Samples that come with the program.
      isTextPublic: true,
      signal,
    });
    const summary = await job;
    log.say('', undefined);
    log.say(`${paint('bold', `${index + 1}. ${kind}`)}  ${paint('dim', `“${fit(printable(text), 66)}”`)}`);
    log.say(jobTable(summary));
    log.say(
      `   ${float32FromBytes(embedded!.answer).length} numbers in ${summary.durationMs} ms. Receipt: ${paint('dim', `moe receipt ${summary.receiptId} --verify`)}`,
      { ...summary, event: 'tour', textKind: kind },
    );
  }
  await friendCase(market, log, signal);
  log.say('');
}

function nextJob(market: EmbeddedMarket, isWanted: (job: JobSummary) => boolean): Promise<JobSummary> {
  return new Promise((resolve) => {
    const unsubscribe = market.service.subscribe((event) => {
      if (!('job' in event) || !isWanted(event.job)) return;
      unsubscribe();
      resolve(event.job);
    });
  });
}
