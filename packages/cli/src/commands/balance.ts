import { formatCredits } from '@market-of-experts/core';
import type { Command } from 'commander';
import { leavingSentence } from '../ledger/leaving-sentence.ts';
import { type ConnectionOptions, readConnection } from '../market/connection.ts';
import { createMarketClient, readAnswer } from '../market/market-client.ts';
import { balanceSchema } from '../market/shapes.ts';
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
      const client = createMarketClient(readConnection(options));
      const answer = await client.json('/v1/balance');
      if (options.json) return printJson(answer);
      const { availableMicro, reservedMicro, leaving } = readAnswer(answer, balanceSchema, client.url);
      print(`${paint('bold', formatCredits(availableMicro))} credits available`);
      if (reservedMicro > 0n) print(`${formatCredits(reservedMicro)} credits reserved for work under way`);
      if (leaving !== undefined) print(leavingSentence(leaving));
    });
}
