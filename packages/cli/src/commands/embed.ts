import { type Command, Option } from 'commander';
import type { EmbedFlags } from '../embed/embed-options.ts';
import { addConnectionOptions } from './connection-options.ts';

export function addEmbed(program: Command): void {
  const command = program
    .command('embed')
    .description('Embed the texts of files and folders, or of standard input.')
    .argument('<input...>', 'files, folders, or - for standard input')
    .option('-o, --output <file>', 'JSONL, or .npy with a sidecar of ids; default: JSONL on standard output')
    .option('--overwrite', 'forget what --output holds, instead of going on where it stops')
    .option('--with-text', 'write the texts as well')
    .addOption(
      new Option('--format <format>', 'format of every input, instead of by extension').choices([
        'text',
        'jsonl',
        'csv',
      ]),
    )
    .option('--lines', 'text: each line is one (default for standard input)')
    .option('--paragraphs', 'text: what stands between blank lines is one')
    .option('--whole', 'text: each file is one (default for files)')
    .option('--field <name>', 'JSONL: field that holds the text', 'text')
    .option('--column <name>', 'CSV: column that holds the text (default: text, or the only one)')
    .option('--delimiter <character>', 'CSV: what separates columns (default: a comma; a tab in .tsv)')
    .option('--id <name>', 'JSONL, CSV: field or column of the id (default: file:line)')
    .option('--ext <list>', 'folders: only files with these extensions, e.g. txt,md')
    .option(
      '--model <name>',
      "market to ask, or one of its editions, like text-embedding@1 (default: the first of the market's own list)",
    )
    .option('--dimensions <count>', 'shorter vectors than the edition gives')
    .addOption(
      new Option('--mode <mode>', 'shard: have experts examined on each text, too').choices([
        'auto',
        'shard',
      ]),
    )
    .option('--max-fee <credits>', 'most that one text may cost, an exam on it included')
    .option('--concurrency <count>', 'requests under way at once', '4')
    .option('--batch <count>', 'texts in one request', '32')
    .option('--retries <count>', 'how often a request that failed is sent again', '5')
    .option('--fail-fast', 'stop at the first text that cannot be embedded')
    .option('--dry-run', 'count the texts and estimate the price; embed nothing');
  addConnectionOptions(command)
    .addHelpText(
      'after',
      `
The edition that serves the texts is written to each row; a file holds vectors of one edition, none of which
lacks a part. Run the same command again after an interruption: texts that --output holds are neither sent nor paid again.
Exit codes: 0 all done, 1 error, 2 wrong usage, 3 some texts failed (named on standard error), 130 interrupted.

Examples:
  $ moe embed notes.txt --paragraphs -o notes.jsonl
  $ moe embed docs/ --ext md,txt -o docs.npy          # rows: docs.npy, what they are: docs.ids.jsonl
  $ moe embed reviews.csv --column body --id review_id -o reviews.jsonl
  $ moe embed corpus.jsonl --field content --dry-run
  $ echo "a text" | moe embed - | jq -c .embedding`,
    )
    .action(async (inputs: string[], flags: EmbedFlags) => {
      const { embedCommand } = await import('../embed/embed-command.ts');
      await embedCommand(inputs, flags);
    });
}
