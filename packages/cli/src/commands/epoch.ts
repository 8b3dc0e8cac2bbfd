import type { Command } from 'commander';
import { showEpoch } from '../ledger/show-epoch.ts';
import { addConnectionOptions } from './connection-options.ts';

export function addEpoch(program: Command): void {
  addConnectionOptions(
    program
      .command('epoch')
      .description('Show the running epoch, how long it lasts, and what happens at its end.'),
  )
    .addHelpText(
      'after',
      `
An epoch ends when validators with two thirds of the stake say that its time is over; until they do, it goes on.

Examples:
  $ moe epoch
  $ moe epoch --json | jq .epoch`,
    )
    .action(showEpoch);
}
