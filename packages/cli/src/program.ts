import { MoeError, messageOf } from '@market-of-experts/core';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { type ExitCode, exitCodeOf, exitCodes, usageError } from './terminal/exit-codes.ts';
import { paintError, printable, writableJson } from './terminal/text.ts';

/** By name, in the order of the help. A command is loaded when it is called: `moe balance` need not wait for what others need. */
const commands: Readonly<Record<string, () => Promise<(program: Command) => unknown>>> = {
  up: async () => (await import('./commands/up.ts')).addUp,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctor,
  embed: async () => (await import('./commands/embed.ts')).addEmbed,
  status: async () => (await import('./commands/status.ts')).addStatus,
  balance: async () => (await import('./commands/balance.ts')).addBalance,
  receipt: async () => (await import('./commands/receipt.ts')).addReceipt,
  edition: async () => (await import('./commands/edition.ts')).addEdition,
  scout: async () => (await import('./commands/scout.ts')).addScout,
  simulate: async () => (await import('./simulate/index.ts')).addSimulate,
  wallet: async () => (await import('./commands/wallet.ts')).addWallet,
  transfer: async () => (await import('./commands/transfer.ts')).addTransfer,
  stake: async () => (await import('./commands/stake.ts')).addStake,
  market: async () => (await import('./commands/market.ts')).addMarket,
  validator: async () => (await import('./commands/validator.ts')).addValidator,
  evidence: async () => (await import('./commands/evidence.ts')).addEvidence,
  reserve: async () => (await import('./commands/reserve.ts')).addReserve,
  expert: async () => (await import('./commands/expert.ts')).addExpert,
  epoch: async () => (await import('./commands/epoch.ts')).addEpoch,
  metagraph: async () => (await import('./commands/metagraph.ts')).addMetagraph,
};

/** Runs `moe` with its arguments (without node and script). Never throws; the result is the exit code. */
export async function run(args: readonly string[]): Promise<ExitCode | number> {
  const isJson = args.includes('--json');
  const complaints: string[] = [];
  try {
    const named = args.find((argument) => !argument.startsWith('-'));
    const program = await createProgram((text) => complaints.push(text), named);
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

/** All commands, or, where there is a command `only`, that one. `complain` gets what is wrong with the arguments. */
export async function createProgram(complain: (text: string) => void, only?: string): Promise<Command> {
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
  const wanted =
    only !== undefined && Object.hasOwn(commands, only) ? [commands[only]!] : Object.values(commands);
  for (const add of await Promise.all(wanted.map((load) => load()))) add(program);
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
