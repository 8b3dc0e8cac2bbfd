import type { Command } from 'commander';
import type { ConnectionOptions } from '../connection/connection.ts';
import { addConnectionOptions } from './connection-options.ts';

type Flags = ConnectionOptions & { readonly json?: boolean };

export function addEdition(program: Command): void {
  const edition = program
    .command('edition')
    .description('Show the editions of a market, what their parts are paid, and recompute both.')
    .addHelpText(
      'after',
      `
An edition is a list of experts that answer together: one function from texts to vectors that stays. Certified exams choose
the next one, and say what each of its parts is paid of a service fee. Whoever has the exams gets the same.

Examples:
  $ moe edition show                      the edition in force of the first market
  $ moe edition show text-embedding@1     an earlier one
  $ moe edition history
  $ moe edition verify`,
    );
  addConnectionOptions(
    edition
      .command('show')
      .description('Show an edition: its experts, their weights, and what each is paid.')
      .argument('[edition]', 'market, or market@number (default: the edition in force of the first market)'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe edition show\n  $ moe edition show text-embedding@2 --json | jq .shares.millionths',
    )
    .action(async (name: string | undefined, flags: Flags) => {
      const { showEdition } = await import('../ledger/show-editions.ts');
      await showEdition(name, flags);
    });
  addConnectionOptions(
    edition
      .command('history')
      .description('List the editions of a market that the ledger remembers, the latest first.')
      .argument('[market]', 'market (default: the first)'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe edition history\n  $ moe edition history text-embedding --json',
    )
    .action(async (market: string | undefined, flags: Flags) => {
      const { listEditions } = await import('../ledger/show-editions.ts');
      await listEditions(market, flags);
    });
  addConnectionOptions(
    edition
      .command('verify')
      .description(
        'Recompute from kept exams what they choose and what they pay, and compare it with the ledger.',
      )
      .argument('[edition]', 'market, or market@number (default: all of the first market)'),
  )
    .addHelpText(
      'after',
      `
Exams are asked of the market by their hashes, so none of them can be another than the ledger names. The exit code is 0
if every check agrees and 1 if one does not.

Examples:
  $ moe edition verify
  $ moe edition verify text-embedding@2
  $ moe edition verify --json | jq '.editions[].checks'`,
    )
    .action(async (name: string | undefined, flags: Flags) => {
      const { verifyEditionsOf } = await import('../ledger/verify-editions.ts');
      await verifyEditionsOf(name, flags);
    });
}
