import type { JobSummary } from '@market-of-experts/api/jobs';
import { formatCredits } from '@market-of-experts/core';
import type { EmbeddedMarket } from '@market-of-experts/host/embedded-market';
import { float32FromBytes } from '@market-of-experts/protocol';
import { type SampleKind, sampleTexts } from '@market-of-experts/training';
import { fit } from '../terminal/fit.ts';
import { renderTable } from '../terminal/table.ts';
import { formatShare, paint, printable } from '../terminal/text.ts';
import { examTable } from './exam-table.ts';
import { friendCase } from './friend-case.ts';
import type { UpLog } from './log.ts';

const tourKinds: readonly SampleKind[] = ['prose', 'code', 'german', 'japanese', 'typos'];

/** The guided tour: five texts are examined together, then served by the edition; then a friend is called. What happened is shown. */
export async function tour(market: EmbeddedMarket, log: UpLog, signal: AbortSignal): Promise<void> {
  const { service } = market;
  log.say('');
  log.say(paint('bold', 'A short tour. First, an exam: five texts, and experts that are drawn for them.'));
  log.say(
    'They are shown a part of each text. Then all hidden pieces come, mixed with pieces of other texts, and each expert says by its',
  );
  log.say(
    'own vectors which belong together. Loss is how often it takes a wrong piece for nearer: 0 best, 0.5 chance. ★ is paid for the text.',
  );
  const texts = tourKinds.map((kind) => sampleTexts(kind)[0]!.text);
  const jobs = Promise.all(
    texts.map((text) =>
      nextJob(
        market,
        (job) => job.kind === 'client' && job.mode === 'shard' && text.startsWith(job.preview ?? '\0'),
      ),
    ),
  );
  const served = await service.serve({
    account: market.clientAccount,
    market: market.firstMarket,
    texts,
    mode: 'shard',
    // Samples that come with the program.
    isTextPublic: true,
    signal,
  });
  const examined = (await jobs).map((job, index) => ({ name: tourKinds[index]!, job }));
  log.say('');
  log.say(examTable(examined));
  for (const [index, { name, job }] of examined.entries()) {
    const winner = job.members.find(({ id }) => id === job.winner);
    const worker = winner?.friend?.name ?? winner?.name;
    const outcome =
      worker === undefined ? 'nobody won' : `${worker} won it for ${formatCredits(job.feeMicro)} cr`;
    log.say(`   ${paint('dim', `“${fit(printable(texts[index]!), 46)}”`)}  ${outcome}`, {
      ...job,
      event: 'tour',
      textKind: name,
    });
  }
  log.say(
    `   Every loss can be repeated from the receipt: ${paint('dim', `moe receipt ${examined[0]!.job.receiptId} --verify`)}`,
  );
  signal.throwIfAborted();
  log.say('');
  log.say(paint('bold', 'Then the texts are served: the vectors of the edition in force, side by side.'));
  log.say(editionTable(market));
  log.say(
    '   Each service fee is shared by what a part adds in exams: equally, until an epoch of exams has said it.',
  );
  log.say(
    `   ${float32FromBytes(served[0]!.answer).length} numbers a text, the same whenever it is asked for. Receipt: ${paint('dim', `moe receipt ${served[0]!.receiptId} --verify`)}`,
  );
  await friendCase(market, log, signal);
  log.say('');
}

/** The parts of the edition in force, and what each gets of a fee. */
function editionTable(market: EmbeddedMarket): string {
  const { markets } = market.service.status();
  const edition = markets[0]?.editions?.find(({ isInForce }) => isInForce);
  const record = market.ledger.editions(market.firstMarket).find(({ hash }) => hash === edition?.hash);
  const shares = record?.shares?.millionths;
  return renderTable(
    [{ title: '   part' }, { title: 'numbers', align: 'right' }, { title: 'of each fee', align: 'right' }],
    (edition?.parts ?? []).map(({ name, dimensions }, index, parts) => [
      `   ${name}`,
      `${dimensions}`,
      formatShare((shares?.[index] ?? 1_000_000 / parts.length) / 100),
    ]),
  );
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
