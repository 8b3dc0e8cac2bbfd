import { formatCredits } from '@moe/core';
import type { EmbeddedMarket, JobSummary } from '@moe/node';
import { embeddedMarketId } from '@moe/node';
import { type SampleKind, sampleTexts } from '@moe/training';
import { bar } from '../terminal/progress-line.ts';
import { renderTable } from '../terminal/table.ts';
import { fit, paint, printable } from '../terminal/text.ts';
import type { UpLog } from './log.ts';

const tourKinds: readonly SampleKind[] = ['prose', 'code', 'german', 'japanese', 'typos'];

/** The guided tour: one text of each kind goes through the market, and what happened is shown. */
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
  for (const [index, kind] of tourKinds.entries()) {
    signal.throwIfAborted();
    const { text } = sampleTexts(kind)[0]!;
    const job = nextJob(market, (summary) => summary.kind === 'client' && text.startsWith(summary.preview));
    const [embedded] = await service.embed({
      account: market.clientAccount,
      market: embeddedMarketId,
      texts: [text],
      mode: 'shard',
      signal,
    });
    const summary = await job;
    log.say('', undefined);
    log.say(`${paint('bold', `${index + 1}. ${kind}`)}  ${paint('dim', `“${fit(printable(text), 66)}”`)}`);
    log.say(jobTable(summary));
    log.say(
      `   ${embedded!.vector.length} numbers in ${summary.durationMs} ms. Receipt: ${paint('dim', `moe receipt ${summary.receiptId} --verify`)}`,
      { ...summary, event: 'tour', textKind: kind },
    );
  }
  log.say('');
}

function jobTable(job: JobSummary): string {
  const rows = job.members.map((member) => {
    const isWinner = member.id === job.winner;
    const loss = member.loss;
    return [
      isWinner ? '   ★' : '    ',
      member.name,
      loss === undefined ? '' : bar(loss * 2, 16),
      loss === undefined ? '–' : loss.toFixed(3),
      isWinner ? `won, paid ${formatCredits((job.feeMicro * 98n) / 100n)} cr` : outcomeOf(member),
    ];
  });
  return renderTable(
    [{ title: '' }, { title: 'drawn' }, { title: 'loss' }, { title: '', align: 'right' }, { title: '' }],
    rows,
  );
}

function outcomeOf(member: JobSummary['members'][number]): string {
  if (member.slashed !== undefined) return member.slashed;
  return member.probation ? 'newcomer, unpaid' : '';
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

/** Who wins what: for each kind of text, the experts' share of the jobs in which they were drawn. */
export interface WinTable {
  record(kind: string, job: JobSummary): void;
  render(): string | undefined;
}

export function createWinTable(): WinTable {
  const drawn = new Map<string, Map<string, { drawn: number; won: number; loss: number }>>();
  return {
    record(kind, job) {
      const row = drawn.get(kind) ?? new Map();
      drawn.set(kind, row);
      for (const member of job.members) {
        if (member.loss === undefined || member.probation) continue;
        const cell = row.get(member.name) ?? { drawn: 0, won: 0, loss: 0 };
        cell.drawn += 1;
        cell.loss += member.loss;
        if (member.id === job.winner) cell.won += 1;
        row.set(member.name, cell);
      }
    },
    render() {
      if (drawn.size === 0) return undefined;
      const rows = [...drawn].map(([kind, row]) => {
        // One win in one job says less than four in five.
        const standing = ({ won, drawn: times }: { won: number; drawn: number }): number =>
          (won + 1) / (times + 2);
        const best = [...row].sort(([, a], [, b]) => standing(b) - standing(a));
        const cell = ([name, { drawn: times, won, loss }]: (typeof best)[number]): string =>
          `${name} ${won}/${times} (loss ${(loss / times).toFixed(2)})`;
        return [kind, ...best.slice(0, 3).map(cell)];
      });
      return renderTable(
        [{ title: 'text' }, { title: 'wins most when drawn' }, { title: 'then' }, { title: 'then' }],
        rows,
      );
    },
  };
}
