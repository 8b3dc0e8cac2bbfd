import type { Command } from 'commander';
import type { SimulateFlags } from './simulate-command.ts';

export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description("Play a market's rules through in virtual time, with thousands of experts.")
    .argument('[scenario]', 'a YAML file, or the name of a scenario that comes along (--list)')
    .option('--list', 'list the scenarios that come along')
    .option('--seed <number>', "use this seed instead of the scenario's")
    .option('--jobs <number>', "simulate this many jobs instead of the scenario's")
    .option('-o, --out <dir>', 'write NAME.json and NAME.html there', 'simulations')
    .option('--json', 'print the results as one JSON object, and write no files unless --out is given')
    .addHelpText(
      'after',
      `
The same scenario with the same seed gives the same bytes. Ctrl-C ends with what was simulated so far.

Examples:
  $ moe simulate --list
  $ moe simulate friends
  $ moe simulate sybils --seed 7 --out /tmp/sybils
  $ moe simulate my-market.yaml --jobs 5000 --json | jq '.runs[0].result.quality'`,
    )
    .action(async (scenario: string | undefined, flags: SimulateFlags, command: Command) => {
      // The rules are a large package, and only this needs all of them.
      const { simulateCommand } = await import('./simulate-command.ts');
      await simulateCommand(scenario, {
        ...flags,
        isOutGiven: command.getOptionValueSource('out') === 'cli',
      });
    });
}
