import type { Regions } from '@market-of-experts/api/regions';
import { formatCredits } from '@market-of-experts/core';
import { jsonOf } from '@market-of-experts/sdk';
import type { Command } from 'commander';
import { connect } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';
import { renderTable } from '../terminal/table.ts';
import { formatCount, paint, plural, printable } from '../terminal/text.ts';
import { addConnectionOptions } from './connection-options.ts';

const defaultLimit = 20;
const maxLimit = 256;

interface Flags extends ConnectionOptions {
  readonly json?: boolean;
  readonly loss?: string;
  readonly limit: number;
}

export function addScout(program: Command): void {
  addConnectionOptions(
    program
      .command('scout')
      .description('Show where texts come in, who serves them, and what an expert could earn there.'),
  )
    .option(
      '--loss <loss>',
      "mean loss of your expert, 0 perfect, 0.5 chance (default: the market's mean)",
      readLoss,
    )
    .option('--limit <count>', 'most regions to show', readLimit, defaultLimit)
    .addHelpText(
      'after',
      `
A region is a part of the space of meanings in which texts have come in; the most lucrative is first.
  jobs, an hour  certified jobs there so far, and recent demand
  fee            mean fee of a job, in credits
  loss           mean loss of all who worked there: high means that nobody is good at it yet
  best           the expert with the lowest mean loss there
  rivals         as many equally strong experts would share the wins as they are shared now
  margin         by how much winners beat the next, in loss; below 0, earlier jobs decide and not this one's loss
  you earn       what an expert of --loss can expect there, in credits, in 1,000 jobs of the whole market

Examples:
  $ moe scout
  $ moe scout --loss 0.15 --limit 5
  $ moe scout --loss 0.15 --json | jq '.data[0]'`,
    )
    .action(async (flags: Flags) => {
      const regions = await connect(flags).regions({ limit: flags.limit, loss: flags.loss });
      if (flags.json) return printJson(jsonOf(regions));
      show(regions);
    });
}

function readLoss(text: string): string {
  if (!/^(0(\.\d{1,9})?|1(\.0{1,9})?)$/.test(text))
    throw usageError(`--loss is a number from 0 (perfect) to 1, like 0.2, not "${text}"; 0.5 is chance.`);
  return text;
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (!/^\d{1,3}$/.test(text) || limit < 1 || limit > maxLimit)
    throw usageError(`--limit is a whole number from 1 to ${maxLimit}, not "${text}".`);
  return limit;
}

function show({ data, expertLoss, total }: Regions): void {
  if (data.length === 0) {
    print(
      'The history has no region with enough jobs yet. Send texts (`moe embed`), or wait for the house jobs of `moe up`.',
    );
    return;
  }
  const who = expertLoss === null ? 'as good as the mean of this market' : `of mean loss ${expertLoss}`;
  print(`${paint('bold', plural(total, 'region'))}, the most lucrative first for an expert ${who}`);
  print();
  print(
    renderTable(
      [
        { title: 'place', align: 'right' },
        { title: 'jobs', align: 'right' },
        { title: 'an hour', align: 'right' },
        { title: 'fee', align: 'right' },
        { title: 'loss', align: 'right' },
        { title: 'best' },
        { title: 'rivals', align: 'right' },
        { title: 'margin', align: 'right' },
        { title: 'you earn', align: 'right' },
        { title: 'texts like' },
      ],
      data.map((region) => [
        String(region.place),
        formatCount(region.jobs),
        formatCount(Number(region.jobsPerHour.toPrecision(3))),
        formatCredits(region.meanFeeMicro),
        region.meanLoss.toFixed(3),
        region.best === undefined ? '–' : `${printable(region.best.name)} ${region.best.meanLoss.toFixed(3)}`,
        region.effectiveWinners.toFixed(1),
        region.losingMargin.toFixed(3),
        formatCredits(region.earningsMicro),
        region.preview === undefined ? '–' : printable(region.preview),
      ]),
    ),
  );
  print();
  if (total > data.length)
    print(`${plural(total - data.length, 'more region')}: --limit ${Math.min(total, maxLimit)}`);
  print(
    paint(
      'dim',
      'you earn: credits in 1,000 jobs of the whole market. What the columns mean: moe scout --help',
    ),
  );
}
