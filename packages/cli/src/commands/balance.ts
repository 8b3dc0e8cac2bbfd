import { formatCredits } from '@market-of-experts/core';
import { jsonOf } from '@market-of-experts/sdk';
import type { Command } from 'commander';
import { connect } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { leavingSentence } from '../ledger/leaving-sentence.ts';
import { print, printJson } from '../terminal/print.ts';
import { paint } from '../terminal/text.ts';
import { addConnectionOptions } from './connection-options.ts';

export function addBalance(program: Command): void {
  addConnectionOptions(
    program.command('balance').description('Show what is left on the account that your API key pays from.'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ moe balance
  $ MOE_API_KEY=… moe balance --url https://market.example.com
  $ moe balance --json | jq -r .availableMicro`,
    )
    .action(async (options: ConnectionOptions & { json?: boolean }) => {
      const balance = await connect(options).balance();
      if (options.json) return printJson(jsonOf(balance));
      const { availableMicro, reservedMicro, leaving } = balance;
      print(`${paint('bold', formatCredits(availableMicro))} credits available`);
      if (reservedMicro > 0n) print(`${formatCredits(reservedMicro)} credits reserved for work under way`);
      if (leaving !== undefined) print(leavingSentence(leaving));
    });
}
