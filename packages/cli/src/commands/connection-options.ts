import type { Command } from 'commander';

/** The options by which every command finds the market, and `--json`. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option(
      '--url <url>',
      'address of the market (MOE_URL; default: the market that runs in the data directory)',
    )
    .option('--key <key>', 'API key (MOE_API_KEY; default: the one in the data directory)')
    .option('--data <folder>', "data directory of this machine's market (MOE_HOME; default ./.moe)")
    .option('--json', 'print one JSON object and nothing else; errors as JSON too');
}
