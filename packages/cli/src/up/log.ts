import type { JobSummary } from '@market-of-experts/api/jobs';
import { formatCredits } from '@market-of-experts/core';
import { embeddedParameters, splitFee } from '@market-of-experts/protocol';
import { fit } from '../terminal/fit.ts';
import { print, printJson } from '../terminal/print.ts';
import { type ProgressLine, startProgressLine } from '../terminal/progress-line.ts';
import { formatShare, paint, printable } from '../terminal/text.ts';

/** What a running market says: lines for people, or one JSON object a line. */
export interface UpLog {
  /** A sentence for people; with `--json` an event. */
  say(line: string, event?: Record<string, unknown>): void;
  /** A job, in another market than the first with that market's own cut. */
  job(job: JobSummary, elsewhere?: { readonly market: string; readonly feeBps: number }): void;
  /** What is going on in the background, on the last line of a terminal. */
  background(text: string | undefined): void;
  stop(): void;
}

export function createLog(isJson: boolean): UpLog {
  let background: string | undefined;
  let progress: ProgressLine | undefined;
  const write = (line: string): void => {
    // With a live last line, both streams are the same terminal: the line goes above the progress.
    if (progress !== undefined && process.stdout.isTTY && process.stderr.isTTY) progress.log(line);
    else print(line);
  };
  return {
    say(line, event) {
      if (!isJson) write(line);
      else if (event !== undefined) printJson({ at: new Date().toISOString(), ...event });
    },
    job(job, elsewhere) {
      if (isJson) printJson({ at: new Date(job.atMs).toISOString(), event: `job-${job.outcome}`, ...job });
      else
        for (const line of [jobLine(job, elsewhere?.market), ...callLine(job, elsewhere?.feeBps)])
          write(line);
    },
    background(text) {
      background = text;
      if (text === undefined) {
        progress?.stop();
        progress = undefined;
      } else progress ??= startProgressLine(!isJson, () => paint('dim', background ?? ''));
    },
    stop: () => progress?.stop(),
  };
}

/** One line a job: when, who competed with which loss, who won what. */
function jobLine(job: JobSummary, market: string | undefined): string {
  const time = paint('dim', new Date(job.atMs).toTimeString().slice(0, 8));
  const where = market === undefined ? '' : paint('dim', ` in ${market}`);
  const text = paint(
    'dim',
    job.preview === undefined ? 'text of a client' : `“${fit(printable(job.preview), 30)}”`,
  );
  if (job.outcome === 'refunded') return `${time}  ${paint('yellow', 'refunded')}${where}  ${text}`;
  const members = job.members.map((member) => {
    const isWinner = member.id === job.winner;
    const loss = member.loss === undefined ? (member.outcome ?? '') : member.loss.toFixed(2);
    const name = member.friend === undefined ? member.name : `${member.name} → ${member.friend.name}`;
    const label = `${name}${loss === '' ? '' : ` ${loss}`}`;
    if (isWinner) return paint(['green', 'bold'], `★ ${label}`);
    return member.probation ? paint('cyan', `(${label})`) : label;
  });
  const house = job.kind === 'house' ? paint('dim', ' house') : '';
  return `${time}  ${members.join(' · ')}  ${formatCredits(job.feeMicro)} cr${house}${where}  ${text}`;
}

/** Under the line of a job, if friends were called: what came of it for the winner, or who had called in vain. */
function callLine(job: JobSummary, feeBps = embeddedParameters.feeBps): string[] {
  const calls = job.members.flatMap(({ friend, ...member }) =>
    friend === undefined ? [] : [{ ...member, friend }],
  );
  const callOf = ({ name, friend }: (typeof calls)[number]): string =>
    `${name} called ${friend.name} for ${formatShare(friend.askBps)}`;
  const won = calls.find(({ id }) => id === job.winner);
  if (calls.length === 0) return [];
  const line =
    won === undefined
      ? `${calls.map(callOf).join(', ')} and did not win`
      : `${callOf(won)} ${paint('green', 'and won')}: ${sharesOf(job, won.name, won.friend, feeBps)}`;
  return [`          ${paint('magenta', '↳')} ${line}`];
}

type Friend = NonNullable<JobSummary['members'][number]['friend']>;

function sharesOf({ feeMicro }: JobSummary, name: string, friend: Friend, feeBps: number): string {
  const split = splitFee(feeMicro, feeBps, friend.askBps);
  return `${friend.name} earns ${formatCredits(split.workerMicro)} cr, ${name} ${formatCredits(split.principalMicro)} cr`;
}
