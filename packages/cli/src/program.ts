import { MoeError, messageOf } from '@market-of-experts/core';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addBalance } from './commands/balance.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEmbed } from './commands/embed.ts';
import { addEpoch } from './commands/epoch.ts';
import { addEvidence } from './commands/evidence.ts';
import { addExpert } from './commands/expert.ts';
import { addMarket } from './commands/market.ts';
import { addMetagraph } from './commands/metagraph.ts';
import { addReceipt } from './commands/receipt.ts';
import { addScout } from './commands/scout.ts';
import { addStake } from './commands/stake.ts';
import { addStatus } from './commands/status.ts';
import { addTransfer } from './commands/transfer.ts';
import { addUp } from './commands/up.ts';
import { addValidator } from './commands/validator.ts';
import { addWallet } from './commands/wallet.ts';
import { addSimulate } from './simulate/index.ts';
import { type ExitCode, exitCodeOf, exitCodes, usageError } from './terminal/exit-codes.ts';
import { paintError, printable, writableJson } from './terminal/text.ts';

/** Runs `moe` with its arguments (without node and script). Never throws; the result is the exit code. */
export async function run(args: readonly string[]): Promise<ExitCode | number> {
  const isJson = args.includes('--json');
  const complaints: string[] = [];
  const program = createProgram((text) => complaints.push(text));
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return process.exitCode === undefined ? exitCodes.ok : Number(process.exitCode);
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok;
      // A group of commands without a command: its help was printed.
      if (error.code === 'commander.help') return exitCodes.usage;
      const sentence = complaints
        .join('')
        .replace(/^error: /, '')
        .trim();
      return complain(usageError(sentence || 'See moe --help.'), isJson);
    }
    return complain(error, isJson);
  }
}

/** All commands. `complain` gets what is wrong with the arguments. */
export function createProgram(complain: (text: string) => void): Command {
  const program = new Command('moe')
    .description('A market of expert models: send data, let experts compete, pay the best.')
    .version(packageJson.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureOutput({ outputError: complain })
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 error, 2 wrong usage, 3 partly failed, 4 refused by the ledger, 5 wallet not opened,
75 try again (a full disk), 130 interrupted.

Examples:
  $ moe up                             start a market here
  $ moe embed notes/ -o notes.jsonl    embed a folder
  $ moe receipt ID --verify            check who was paid for what
  $ moe scout --loss 0.15              see where an expert could earn`,
    );
  addUp(program);
  addDoctor(program);
  addEmbed(program);
  addStatus(program);
  addBalance(program);
  addReceipt(program);
  addScout(program);
  addSimulate(program);
  addWallet(program);
  addTransfer(program);
  addStake(program);
  addMarket(program);
  addValidator(program);
  addEvidence(program);
  addExpert(program);
  addEpoch(program);
  addMetagraph(program);
  return program;
}

function complain(error: unknown, isJson: boolean): ExitCode {
  const code = error instanceof MoeError ? error.code : 'unexpected';
  const message = printable(describe(error));
  if (isJson) {
    const metadata = error instanceof MoeError ? error.metadata : {};
    const isRetryable = error instanceof MoeError && error.isRetryable;
    const body = { error: { code, message, isRetryable, metadata } };
    process.stderr.write(`${writableJson(body)}\n`);
  } else process.stderr.write(`${paintError('red', 'error')}: ${message}\n`);
  return exitCodeOf(error);
}

function describe(error: unknown): string {
  if (error instanceof MoeError && error.metadata.status === 401)
    return `${error.message} Give a key with --key or MOE_API_KEY, or run where the market's data directory is (--data).`;
  return messageOf(error);
}
