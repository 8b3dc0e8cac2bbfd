import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { dataDirectory } from '../connection/connection.ts';
import { usageError } from '../terminal/exit-codes.ts';

interface Flags {
  readonly data?: string;
  readonly json?: boolean;
}

/** `moe reserve`: what fills exams up on this machine is its operator's choice, kept in his data directory. */
export function addReserve(program: Command): void {
  const reserve = program
    .command('reserve')
    .description("Texts that fill this market's exams up: add your own, list them, see how many are left.")
    .addHelpText(
      'after',
      `
An exam has twelve texts. Where fewer clients' texts wait, it is filled up from the reserve, and each text of that is used once. Your
own go first, those that come with the program follow, and these come again when none is left. Experts of the market see them, so take nothing secret. A running market
takes them up within a second, another one when it starts.

Examples:
  $ moe reserve status
  $ moe reserve add ~/handbook
  $ moe reserve list`,
    );
  addDataOptions(
    reserve
      .command('add')
      .description('Cut files into passages of 60 to 120 words, and add them.')
      .argument('<paths...>', 'files and folders: text, or JSONL and CSV with a field "text"'),
  )
    .addHelpText(
      'after',
      `
Passages are whole paragraphs that follow one another; what has fewer than 20 words is left out, and so is what resembles a text
that is there already. At most 5,000 are added at once, and 10,000 wait.

Exit codes: 0 added, or all was there already, 2 no texts found, 3 added, but some files could not be read (each is named).

Examples:
  $ moe reserve add notes/ handbook.md
  $ moe reserve add questions.jsonl --json | jq .added`,
    )
    .action(async (paths: readonly string[], flags: Flags) => {
      const { addToReserve } = await import('../reserve/add-to-reserve.ts');
      await addToReserve(marketDirectory(flags), paths, flags.json === true);
    });
  addDataOptions(reserve.command('list').description('List your own texts that wait to be used.'))
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe reserve list\n  $ moe reserve list --json | jq -r ".texts[].text"',
    )
    .action(async (flags: Flags) => {
      const { listReserve } = await import('../reserve/show-reserve.ts');
      listReserve(marketDirectory(flags), flags.json === true);
    });
  addDataOptions(reserve.command('status').description('Say how many texts are left.'))
    .addHelpText('after', '\nExamples:\n  $ moe reserve status\n  $ moe reserve status --json | jq .ownLeft')
    .action(async (flags: Flags) => {
      const { showReserve } = await import('../reserve/show-reserve.ts');
      showReserve(marketDirectory(flags), flags.json === true);
    });
}

function addDataOptions(command: Command): Command {
  return command
    .option('--data <folder>', "data directory of this machine's market (MOE_HOME; default ./.moe)")
    .option('--json', 'print one JSON object and nothing else; errors as JSON too');
}

function marketDirectory(flags: Flags): string {
  const directory = dataDirectory(flags.data);
  // Written before anything else is there, texts would make a new market look like an old one.
  if (!existsSync(join(directory, 'keys.json')))
    throw usageError(
      `There is no market in ${directory}. Start one with \`moe up\`, or name its data directory: --data DIR.`,
    );
  return directory;
}
