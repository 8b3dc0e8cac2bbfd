import { formatCredits, type MarketId } from '@market-of-experts/core';
import type { MarketTerms } from '@market-of-experts/protocol';
import { jsonOf, type LedgerClient } from '@market-of-experts/sdk';
import type { Command } from 'commander';
import { connectLedger } from '../connection/connect.ts';
import type { ConnectionOptions } from '../connection/connection.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import { carryOut } from '../ledger/carry-out.ts';
import { readAmount, readMarket } from '../ledger/read-arguments.ts';
import { listMarkets, quoteMarket, showMarket } from '../ledger/show-markets.ts';
import { usageError } from '../terminal/exit-codes.ts';
import { printJson } from '../terminal/print.ts';
import { formatAmount, formatShare } from '../terminal/text.ts';
import { readTerms } from '../terms/read-terms.ts';
import { fieldsOf, termsOf } from '../terms/terms-of.ts';
import { plainTerms, writeTerms } from '../terms/write-terms.ts';
import { chooseOwner } from '../wallet/choose-key.ts';
import { addConnectionOptions } from './connection-options.ts';
import { addSigningOptions, type SigningOptions, signingHelp } from './signing-options.ts';

const maxFileBytes = 256 * 1024;
const maxChanges = 100;

export function addMarket(program: Command): void {
  const market = program
    .command('market')
    .description('Create, show, change, fund and close markets.')
    .addHelpText(
      'after',
      `
A market is a task with terms: prices, sizes and deadlines of jobs, what joining costs, how experts are ranked, what is paid out.
Its owner changes them with notice. Creating one takes the network's deposit, which is returned when it closes.

Examples:
  $ moe market template > mine.yaml                    all terms, a comment on each
  $ moe market create my-market mine.yaml --dry-run
  $ moe market create my-market --like text-embedding --set title="My texts"
  $ moe market update my-market --set parameters.feeBps=100
  $ moe market quote my-market`,
    );
  addConnectionOptions(
    market
      .command('template')
      .description('Print the terms of a market as YAML, with a comment on every line.')
      .option('--like <market>', "market whose terms are printed (default: the market's first)"),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe market template > mine.yaml\n  $ moe market template --like text-embedding > mine.yaml',
    )
    .action(async (flags: ConnectionOptions & { json?: boolean; like?: string }) => {
      const client = connectLedger(flags);
      const like = flags.like === undefined ? await firstMarket(client) : readMarket(flags.like);
      const { terms } = await marketTerms(client, like);
      if (flags.json) return printJson({ like, terms: plainTerms(terms) });
      process.stdout.write(
        writeTerms(terms, [
          `Terms of a market; the values are those of ${like}.`,
          '',
          'Amounts (…Micro) are micro-credits: 1000000 is 1 credit. Shares (…Bps) are hundredths of a per cent: 10000 is all.',
          'Change what you like, then: moe market create NAME THIS-FILE --dry-run',
        ]),
      );
    });
  addSigningOptions(
    market
      .command('create')
      .description('Create a market.')
      .argument('<name>', 'what to call it: small letters, digits and hyphens')
      .argument('[file]', 'terms as YAML (moe market template)')
      .option('--like <market>', 'take the terms of this market where the file says nothing')
      .option('--set <field=value>', 'set one field; can be repeated', collect, []),
  )
    .addHelpText(
      'after',
      `${signingHelp}\n\nExamples:\n  $ moe market create my-market mine.yaml --dry-run\n  $ moe market create my-market --like text-embedding --set title="My texts"`,
    )
    .action(
      async (
        name: string,
        path: string | undefined,
        flags: SigningOptions & { like?: string; set: string[] },
      ) => {
        if (path === undefined && flags.like === undefined)
          throw usageError(
            'Say the terms: a file (`moe market template > FILE` writes one to begin with), or --like MARKET.',
          );
        const id = readMarket(name);
        const owner = chooseOwner(flags.from, flags);
        const client = connectLedger(flags);
        const base = flags.like === undefined ? undefined : await marketTerms(client, readMarket(flags.like));
        const terms = readTerms({
          ...fileOf(path),
          ...(base === undefined ? {} : { base: base.terms }),
          changes: flags.set,
          version: 1,
        });
        const action = { kind: 'createMarket' as const, market: id, terms };
        const details = [
          ...mainTerms(terms),
          `served by   whoever joins; a node's own experts do when its operator says: moe expert join ${id}`,
        ];
        await carryOut(client, owner, { action, details }, flags);
      },
    );
  addSigningOptions(
    market
      .command('update')
      .description("Announce new terms of your market; they begin after the network's notice.")
      .argument('<market>', 'your market')
      .argument('[file]', 'terms as YAML; what it leaves out stays as it is')
      .option('--set <field=value>', 'set one field; can be repeated', collect, []),
  )
    .addHelpText(
      'after',
      `${signingHelp}\n\nExamples:\n  $ moe market update my-market mine.yaml --dry-run\n  $ moe market update my-market --set parameters.feeBps=100 --set permits=32`,
    )
    .action(async (name: string, path: string | undefined, flags: SigningOptions & { set: string[] }) => {
      if (path === undefined && flags.set.length === 0)
        throw usageError('Say what changes: a file with terms, or --set FIELD=VALUE.');
      const id = readMarket(name);
      const owner = chooseOwner(flags.from, flags);
      const client = connectLedger(flags);
      const { terms: base } = await marketTerms(client, id);
      const version = base.parameters.version + 1;
      const terms = readTerms({ ...fileOf(path), base, changes: flags.set, version });
      const details = changesOf(base, terms);
      await carryOut(client, owner, { action: { kind: 'updateMarket', market: id, terms }, details }, flags);
    });
  addSigningOptions(
    market
      .command('close')
      .description(
        "Close your market after the network's notice: experts leave with their deposits, you get yours.",
      )
      .argument('<market>', 'your market'),
  )
    .addHelpText('after', `${signingHelp}\n\nExamples:\n  $ moe market close my-market --dry-run`)
    .action(async (name: string, flags: SigningOptions) => {
      const id = readMarket(name);
      const owner = chooseOwner(flags.from, flags);
      await carryOut(
        connectLedger(flags),
        owner,
        {
          action: { kind: 'closeMarket', market: id },
          details: ["what its pool holds then goes to the network's treasury"],
        },
        flags,
      );
    });
  addSigningOptions(
    market
      .command('fund')
      .description("Give credits to a market's pool, from which its emission is paid. They do not come back.")
      .argument('<market>', 'any market')
      .argument('<amount>', 'credits'),
  )
    .addHelpText('after', `${signingHelp}\n\nExamples:\n  $ moe market fund my-market 500 --dry-run`)
    .action(async (name: string, amount: string, flags: SigningOptions) => {
      const action = {
        kind: 'fundMarket' as const,
        market: readMarket(name),
        amountMicro: readAmount(amount),
      };
      const owner = chooseOwner(flags.from, flags);
      await carryOut(connectLedger(flags), owner, { action }, flags);
    });
  addConnectionOptions(market.command('list').description('List the markets of the network.'))
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe market list\n  $ moe market list --json | jq -r .markets[].market',
    )
    .action(listMarkets);
  addConnectionOptions(
    market
      .command('show')
      .description('Show a market, its terms and what is announced.')
      .argument('<market>', 'market'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe market show text-embedding\n  $ moe market show text-embedding --json | jq .terms.emission',
    )
    .action(showMarket);
  addConnectionOptions(
    market
      .command('quote')
      .description('Say what it costs to register an expert in a market now.')
      .argument('<market>', 'market'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe market quote text-embedding\n  $ moe market quote text-embedding --json | jq -r .registrationMicro',
    )
    .action(quoteMarket);
}

/** What an owner should have looked at before he signs. */
function mainTerms({ parameters, registration, emission, maximumExperts }: MarketTerms): string[] {
  const { floorMicro, capMicro } = registration;
  return [
    `your cut    ${formatShare(parameters.feeBps)} of every fee`,
    `experts     ${maximumExperts} at most, each with ${formatAmount(parameters.minimumStakeMicro)} of stake and a deposit of ${formatCredits(floorMicro)} to ${formatAmount(capMicro)}`,
    `emission    ${emission.perEpochMicro === 0n ? 'none: a market of fees only' : `up to ${formatAmount(emission.perEpochMicro)} an epoch out of its pool, ${formatShare(emission.ownerShareBps)} of it to you`}`,
  ];
}

/** `parameters.feeBps  200 → 100` */
function changesOf(before: MarketTerms, after: MarketTerms): string[] {
  const old = fieldsOf(plainTerms(before));
  return [...fieldsOf(plainTerms(after))].flatMap(([path, value]) =>
    old.get(path) === value ? [] : [`${path}  ${old.get(path) ?? '–'} → ${value}`],
  );
}

async function firstMarket(client: LedgerClient): Promise<MarketId> {
  const [first] = (await client.markets()).markets;
  if (first === undefined)
    throw usageError(
      'The network has no market whose terms could be printed. Write the terms from docs/run/market-owner.md.',
    );
  return first.market;
}

async function marketTerms(client: LedgerClient, market: MarketId): Promise<{ readonly terms: MarketTerms }> {
  return { terms: termsOf(jsonOf(await client.market(market)).terms, client.url) };
}

function fileOf(path: string | undefined): {
  readonly file?: { readonly text: string; readonly source: string };
} {
  return path === undefined ? {} : { file: { text: readSmallFile(path, maxFileBytes), source: path } };
}

function collect(value: string, values: readonly string[]): string[] {
  if (values.length >= maxChanges) throw usageError(`--set may be given ${maxChanges} times.`);
  return [...values, value];
}
