import { formatCredits, parseCredits } from '@market-of-experts/core';
import { defaultJoiningBudgetMicro } from '@market-of-experts/protocol';
import type { Command } from 'commander';
import { dataDirectory } from '../connection/connection.ts';
import { readMarket } from '../ledger/read-arguments.ts';
import { usageError } from '../terminal/exit-codes.ts';
import type { UpOptions } from '../up/up-options.ts';

interface Flags {
  readonly port?: string;
  readonly host: string;
  readonly data?: string;
  readonly tour: boolean;
  readonly training: boolean;
  readonly pricing: boolean;
  readonly validators: string;
  readonly lyingValidator?: boolean;
  readonly epoch: string;
  readonly acceptClock?: boolean;
  readonly experts?: string;
  readonly newEdition?: boolean;
  readonly holdEdition?: boolean;
  readonly joinMarkets?: string;
  readonly joinBudget?: string;
  readonly acceptOlderCopy?: boolean;
  readonly prepaidBudget?: string;
  readonly json?: boolean;
}

export function addUp(program: Command): void {
  program
    .command('up')
    .description('Start a market on this machine: experts, validator, ledger, gateway and live page.')
    .option('--port <port>', 'port of the gateway, 0 for a free one (PORT; default 8787)')
    .option(
      '--host <host>',
      'address to listen on; anything but loopback opens the market to others',
      '127.0.0.1',
    )
    .option('--data <folder>', 'data directory: ledger, models, API key (MOE_HOME; default ./.moe)')
    .option('--experts <list>', 'catalogue names of the experts to start, separated by commas')
    .option(
      '--new-edition',
      'serve by another edition where the experts are no longer those of the one in force; that one stays under its name',
    )
    .option('--hold-edition', 'keep the edition in force, whatever exams prove')
    .option('--validators <number>', 'validators to run, 1 to 16', '3')
    .option(
      '--lying-validator',
      'run one more, which swaps good and bad losses, and three witnesses a job: see `moe metagraph`',
    )
    .option('--epoch <seconds>', 'length of an epoch, when the data directory is new', '60')
    .option('--accept-clock', 'the clock is right: end epochs though the ledger’s last time is far from it')
    .option('--no-tour', 'start without the guided tour')
    .option('--no-training', 'train no specialists; those of an earlier run join all the same')
    .option('--no-pricing', 'leave the share that an expert asks for being called as it is')
    .option('--join-markets <list>', 'markets of others that the experts join; kept (see `moe expert join`)')
    .option(
      '--join-budget <credits>',
      `what they may put into all of those together; kept (default: ${formatCredits(defaultJoiningBudgetMicro)})`,
    )
    .option(
      '--accept-older-copy',
      'go on with a data directory put back from a copy: its keys may contradict what they have signed since',
    )
    .option(
      '--prepaid-budget <credits>',
      'what the treasury adds to the account of the API key when it runs low, in all (default: 100000)',
    )
    .option('--json', 'write the log as one JSON object a line')
    .addHelpText(
      'after',
      `
Ctrl-C stops the market; starting it again goes on with its balances, history and models.

Examples:
  $ moe up
  $ moe up --port 9000 --data ~/market --no-tour
  $ moe up --experts minilm-l6,use-lite,lexical --no-training
  $ moe up --lying-validator --epoch 10 --data /tmp/liar
  $ moe up --json --no-tour > market.log`,
    )
    .action(async (flags: Flags) => {
      const options = readUpOptions(flags);
      // Starting a market loads models; no other command should wait for that.
      const { up } = await import('../up/index.ts');
      await up(options);
    });
}

function readUpOptions(flags: Flags): UpOptions {
  const port = flags.port ?? (process.env.PORT || '8787');
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw usageError(`"${port}" is not a port. Give --port (or PORT) a number from 0 to 65535.`);
  const experts = flags.experts?.split(',').map((name) => name.trim());
  if (experts?.some((name) => !/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)))
    throw usageError(
      `"${flags.experts}" is not a list of experts. Write names with commas between them, like minilm-l6,use-lite.`,
    );
  const validators = wholeNumber('--validators', flags.validators, 1, 16);
  return {
    host: flags.host,
    validators: validators + (flags.lyingValidator === true ? 1 : 0),
    hasLiar: flags.lyingValidator === true,
    epochMs: wholeNumber('--epoch', flags.epoch, 1, 86_400) * 1_000,
    acceptsClock: flags.acceptClock === true,
    port: Number(port),
    dataDirectory: dataDirectory(flags.data),
    hasTour: flags.tour,
    hasTraining: flags.training,
    hasPricing: flags.pricing,
    experts,
    hasNewEdition: flags.newEdition === true,
    isEditionHeld: flags.holdEdition === true,
    joinMarkets: flags.joinMarkets?.split(',').map((name) => readMarket(name.trim())) ?? [],
    prepaidBudgetMicro: flags.prepaidBudget === undefined ? undefined : parseCredits(flags.prepaidBudget),
    joinBudgetMicro: flags.joinBudget === undefined ? undefined : parseCredits(flags.joinBudget),
    acceptsOlderCopy: flags.acceptOlderCopy === true,
    isJson: flags.json === true,
  };
}

function wholeNumber(name: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < from || value > to)
    throw usageError(`"${text}" is no number for ${name}. Give it a whole number from ${from} to ${to}.`);
  return value;
}
