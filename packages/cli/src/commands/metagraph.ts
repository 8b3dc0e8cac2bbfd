import type { Command } from 'commander';
import { type MetagraphFlags, showMetagraph } from '../ledger/show-metagraph.ts';
import { addConnectionOptions } from './connection-options.ts';

export function addMetagraph(program: Command): void {
  addConnectionOptions(
    program
      .command('metagraph')
      .description('Show the nodes of a market with stake, trust, incentive, dividends and emission.')
      .argument('[market]', "market (default: the network's first)"),
  )
    .option('--watch', 'show it again whenever it changes, until Ctrl-C')
    .addHelpText(
      'after',
      `
Sorted by what each node was paid in the last ranked epoch.
  stake      all that counts, the delegated part included
  trust      experts: how much of their weight the consensus keeps. Validators: how much of what they set is in the consensus
  consensus  weight that the stake majority supports
  incentive  share of the experts' part of the emission
  dividends  share of the validators' part of the emission
  emission   credits paid in that epoch

Examples:
  $ moe metagraph
  $ moe metagraph text-embedding --watch
  $ moe metagraph --json | jq '.nodes[] | {name, incentive, dividends}'`,
    )
    .action((market: string | undefined, flags: MetagraphFlags) => showMetagraph(market, flags));
}
