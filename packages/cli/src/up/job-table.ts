import type { JobSummary } from '@market-of-experts/api/jobs';
import { formatCredits } from '@market-of-experts/core';
import { embeddedParameters, splitFee } from '@market-of-experts/protocol';
import { bar } from '../terminal/progress-line.ts';
import { renderTable } from '../terminal/table.ts';
import { formatShare } from '../terminal/text.ts';

/** Who was drawn for a job, who worked, with what loss, and who was paid: the tour's table. */
export function jobTable(job: JobSummary): string {
  const rows = job.members.map((member) => [
    member.id === job.winner ? '   ★' : '    ',
    member.friend === undefined ? member.name : `${member.name} → ${member.friend.name}`,
    member.loss === undefined ? '' : bar(member.loss * 2, 16),
    member.loss === undefined ? '–' : member.loss.toFixed(3),
    member.id === job.winner ? wonBy(job, member) : notWonBy(member),
  ]);
  return renderTable(
    [{ title: '' }, { title: 'drawn' }, { title: 'loss' }, { title: '', align: 'right' }, { title: '' }],
    rows,
  );
}

function wonBy(job: JobSummary, { friend, loss }: JobSummary['members'][number]): string {
  const lowest = Math.min(...job.members.map((each) => (each.probation ? 1 : (each.loss ?? 1))));
  const why = loss !== undefined && loss > lowest ? ' (earlier jobs count too)' : '';
  const split = splitFee(job.feeMicro, embeddedParameters.feeBps, friend?.askBps ?? 10_000);
  if (friend === undefined) return `won${why}, paid ${formatCredits(split.workerMicro)} cr`;
  return `${friend.name} worked and won${why}, for ${formatShare(friend.askBps)}`;
}

function notWonBy({ friend, outcome, probation }: JobSummary['members'][number]): string {
  if (outcome !== undefined) return outcome;
  if (friend !== undefined) return `${friend.name} worked, for ${formatShare(friend.askBps)} if it had won`;
  return probation ? 'newcomer, unpaid' : '';
}
