import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Amount, formatCredits, type MarketId, parseCredits } from '@market-of-experts/core';
import { defaultJoiningBudgetMicro } from '@market-of-experts/protocol';
import type { Command } from 'commander';
import { dataDirectory } from '../connection/connection.ts';
import { readMarket } from '../ledger/read-arguments.ts';
import { usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';

interface JoinFlags {
  readonly data?: string;
  readonly budget?: string;
  readonly stop?: boolean;
  readonly json?: boolean;
}

/** `moe expert join`: what this machine's market does in markets of others is its operator's choice, kept in his data directory. */
export function addExpertJoin(expert: Command): void {
  expert
    .command('join')
    .description("Let the experts of this machine's market join a market of others, or leave it.")
    .argument('[market]', 'the market; without it, what was chosen is shown')
    .option(
      '--budget <credits>',
      `what they may put into all markets of others together (default: ${formatCredits(defaultJoiningBudgetMicro)})`,
    )
    .option('--stop', 'leave it: deposits are lost to who is immune still, unless its terms change')
    .option('--data <folder>', "data directory of this machine's market (MOE_HOME; default ./.moe)")
    .option('--json', 'print one JSON object and nothing else; errors as JSON too')
    .addHelpText(
      'after',
      `
Each expert takes a stake and a deposit from the treasury into the market. They join within a second while the market
runs, else when it starts; terms that could take their money are refused with the reason (moe market list, moe market show).
When such terms are announced, they leave before these begin.

Examples:
  $ moe expert join their-market
  $ moe expert join their-market --budget 200
  $ moe expert join their-market --stop`,
    )
    .action(async (market: string | undefined, flags: JoinFlags) => {
      const directory = dataDirectory(flags.data);
      // Written before anything else is there, the choice would make a new market there look like an old one.
      if (!existsSync(join(directory, 'keys.json')))
        throw usageError(
          `There is no market in ${directory}. Start one with \`moe up\`, or name its data directory: --data DIR.`,
        );
      const budgetMicro = flags.budget === undefined ? undefined : parseCredits(flags.budget);
      if (market === undefined && flags.stop === true)
        throw usageError('Say which market: moe expert join MARKET --stop.');
      await choose(directory, market === undefined ? undefined : readMarket(market), budgetMicro, flags);
    });
}

async function choose(
  directory: string,
  market: MarketId | undefined,
  budgetMicro: Amount | undefined,
  flags: JoinFlags,
): Promise<void> {
  // Loads models' libraries: no other command should wait for that.
  const { changeJoiningChoice, joiningSpentMicro, readJoiningChoice } = await import(
    '@market-of-experts/host/house/joined-markets'
  );
  const isChange = market !== undefined || budgetMicro !== undefined;
  const choice = isChange
    ? changeJoiningChoice(directory, ({ markets }) => ({
        ...(market === undefined
          ? {}
          : {
              markets: flags.stop === true ? markets.filter((each) => each !== market) : [...markets, market],
            }),
        ...(budgetMicro === undefined ? {} : { budgetMicro }),
      }))
    : readJoiningChoice(directory);
  const spentMicro = joiningSpentMicro(directory);
  if (flags.json) return printJson({ ...choice, spentMicro });
  if (market !== undefined)
    print(
      flags.stop === true
        ? `The experts leave ${market}; stakes come back to the treasury when their unbonding is over.`
        : `The experts join ${market}, if its terms are fair: \`moe market list\` shows them, \`moe market show ${market}\` what speaks against it.`,
    );
  print(`joined   ${choice.markets.length === 0 ? 'none' : choice.markets.join(', ')}`);
  print(
    `budget   ${formatCredits(choice.budgetMicro)} credits for all of them, ${formatCredits(spentMicro)} of it in use or lost`,
  );
}
