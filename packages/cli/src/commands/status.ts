import type { Status } from '@market-of-experts/api/status';
import { formatCredits } from '@market-of-experts/core';
import { jsonOf } from '@market-of-experts/sdk';
import type { Command } from 'commander';
import { connect } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';
import { renderTable } from '../terminal/table.ts';
import { formatCount, formatDuration, formatShare, paint, plural, printable } from '../terminal/text.ts';
import { addConnectionOptions } from './connection-options.ts';

export function addStatus(program: Command): void {
  addConnectionOptions(
    program
      .command('status')
      .description('Show the experts with loss and earnings, the jobs and the ledger.'),
  )
    .option('--recent <count>', 'last jobs to show (0 for none)', readRecent, 8)
    .addHelpText(
      'after',
      `
Loss: 0 is perfect, 0.5 is chance. An expert without jobs has none yet.
Jobs are those in which an expert worked, for itself or in the place of an expert that called it.
Calls: an expert that expects to lose may call another to work in its place. If that one wins, it gets
the share that it asks, and the caller the rest.

Examples:
  $ moe status
  $ moe status --recent 20
  $ moe status --json | jq '.experts[] | {name, meanLoss, earnedMicro}'`,
    )
    .action(async (options: ConnectionOptions & { json?: boolean; recent: number }) => {
      const market = connect(options);
      const status = await market.status();
      if (options.json) return printJson(jsonOf(status));
      show(status, market.url, options.recent);
    });
}

function readRecent(text: string): number {
  const count = Number(text);
  if (!/^\d{1,4}$/.test(text)) throw usageError(`--recent is a whole number, not "${text}".`);
  return count;
}

function show(status: Status, url: string, recent: number): void {
  const names = status.markets.map((market) => printable(market.id)).join(', ');
  print(
    `${paint('bold', names || 'no market')} at ${url} · version ${printable(status.version)} · ` +
      `${printable(status.network)} · up ${formatDuration(Math.max(0, Date.now() - status.startedAtMs))}`,
  );
  for (const { message } of status.readiness.reasons)
    print(`${paint('yellow', 'not ready')}: ${printable(message)}`);
  for (const sentence of status.notices) print(`${paint('yellow', 'attention')}: ${printable(sentence)}`);
  for (const market of status.markets)
    print(
      `  ${printable(market.id)}: ${market.dimensions} dimensions, ` +
        `${formatCredits(market.pricePerKilobyteMicro)} credits a kB, texts up to ${formatCount(market.maxTextBytes)} bytes`,
    );
  print();
  print(
    renderTable(
      [
        { title: 'expert' },
        { title: 'state' },
        { title: 'loss', align: 'right' },
        { title: 'jobs', align: 'right' },
        { title: 'won', align: 'right' },
        { title: 'earned', align: 'right' },
        { title: 'slashed', align: 'right' },
        { title: 'stake', align: 'right' },
      ],
      status.experts
        .toSorted((a, b) => (a.earnedMicro === b.earnedMicro ? 0 : a.earnedMicro > b.earnedMicro ? -1 : 1))
        .map((expert) => [
          printable(expert.name),
          printable(expert.state),
          expert.meanLoss?.toFixed(3) ?? '–',
          formatCount(expert.jobs),
          expert.jobs === 0 ? '–' : `${Math.round((100 * expert.wins) / expert.jobs)} %`,
          formatCredits(expert.earnedMicro),
          formatCredits(expert.slashedMicro),
          formatCredits(expert.stakeMicro),
        ]),
    ),
  );
  print();
  print(callsTable(status));
  print();
  const { certified, routed, refunded } = status.jobs;
  print(
    `Jobs: ${formatCount(certified)} certified, ${formatCount(routed)} routed, ${formatCount(refunded)} refunded; ` +
      `${plural(status.pendingReceipts, 'receipt')} not yet settled`,
  );
  print(
    `Ledger: height ${formatCount(status.ledger.height)}, ${formatCredits(status.ledger.totalMicro)} credits in all, ` +
      `${formatCredits(status.settledMicro)} settled, state ${printable(status.ledger.stateRoot).slice(0, 16)}…`,
  );
  for (const sentence of status.attendance) print(`Validator: ${printable(sentence)}`);
  const { records, bytesPerRecord } = status.history;
  print(
    `History: ${plural(records, 'certified job')}, by which experts know whom to call; ` +
      `${formatCount(Math.round(bytesPerRecord))} bytes each in memory`,
  );
  if (recent > 0 && status.recentJobs.length > 0) showJobs(status, recent);
}

/** Who calls whom for help, how often that won, and what each asks for being called. */
function callsTable({ experts }: Status): string {
  const tally = ({ jobs, wins }: Status['experts'][number]['callsMade']): string =>
    jobs === 0 ? '–' : `${formatCount(jobs)}, won ${formatCount(wins)}`;
  const serving = experts.filter(({ state }) => state !== 'training' && state !== 'joining');
  return renderTable(
    [
      { title: 'calls' },
      { title: 'called a friend', align: 'right' },
      { title: 'was called', align: 'right' },
      { title: 'asks of the fee', align: 'right' },
    ],
    serving
      .toSorted((a, b) => b.callsAnswered.jobs - a.callsAnswered.jobs)
      .map(({ name, callsMade, callsAnswered, askBps }) => [
        printable(name),
        tally(callsMade),
        tally(callsAnswered),
        formatShare(askBps),
      ]),
  );
}

function showJobs(status: Status, recent: number): void {
  const nameOf = new Map(status.experts.map((expert) => [expert.id, printable(expert.name)]));
  print();
  print(
    renderTable(
      [
        { title: 'last jobs' },
        { title: 'won by' },
        { title: 'loss', align: 'right' },
        { title: 'fee', align: 'right' },
        { title: 'took', align: 'right' },
        { title: 'receipt' },
      ],
      status.recentJobs.slice(0, recent).map((job) => {
        const winner = job.members.find((member) => member.id === job.winner);
        return [
          job.preview === undefined ? paint('dim', 'text of a client') : printable(job.preview),
          job.winner === undefined
            ? printable(job.outcome)
            : `${nameOf.get(job.winner) ?? printable(winner?.name ?? job.winner)}${winner?.friend === undefined ? '' : ` → ${printable(winner.friend.name)}`}`,
          winner?.loss?.toFixed(3) ?? '–',
          formatCredits(job.feeMicro),
          formatDuration(job.durationMs),
          printable(job.receiptId).slice(0, 16),
        ];
      }),
    ),
  );
}
