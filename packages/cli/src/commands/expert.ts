import { type Amount, formatCredits, type MarketId, parseCredits } from '@market-of-experts/core';
import type { StakeTarget } from '@market-of-experts/protocol';
import type { LedgerClient } from '@market-of-experts/sdk';
import type { Command } from 'commander';
import { connectLedger } from '../connection/connect.ts';
import { carryOut } from '../ledger/carry-out.ts';
import { readAmount, readMarket, readPercent } from '../ledger/read-arguments.ts';
import { resolveTarget } from '../ledger/resolve-target.ts';
import { refusal, usageError } from '../terminal/exit-codes.ts';
import { formatAmount } from '../terminal/text.ts';
import { chooseOwner } from '../wallet/choose-key.ts';
import { addConsentOptions, type ConsentFlags, consentHelp, readConsent } from './consent-options.ts';
import { addExpertJoin } from './expert-join.ts';
import { addSigningOptions, type SigningOptions, signingHelp } from './signing-options.ts';

interface AskFlags {
  readonly name?: string;
  readonly ask?: string;
  readonly askShare?: string;
}
type RegisterFlags = SigningOptions &
  ConsentFlags &
  AskFlags & { readonly stake: string; readonly commission?: string; readonly maxDeposit?: string };

const defaultAsk = '0.01';
const defaultAskShare = '50';

export function addExpert(program: Command): void {
  const expert = program
    .command('expert')
    .description('Register, change and end experts on the ledger.')
    .addHelpText(
      'after',
      `
An expert is written MARKET/NAME, or MARKET/ID with its node id. Registering enters it in the ledger; the model that answers
in its name is run by a node.

Examples:
  $ moe wallet node my-expert
  $ moe market quote text-embedding
  $ moe expert register text-embedding --node my-expert --stake 10 --dry-run
  $ moe expert leave text-embedding/my-expert --dry-run
  $ moe expert join their-market                     the experts of this machine's market join another's`,
    );
  addExpertJoin(expert);
  addSigningOptions(
    addConsentOptions(
      expert
        .command('register')
        .description('Register an expert, for the deposit that the market quotes and your own stake.')
        .argument('<market>', 'market to join')
        .requiredOption('--stake <credits>', 'your own stake')
        .option('--name <name>', "what others see (default: the key's name)")
        .option('--ask <credits>', `price of a kilobyte of text (default: ${defaultAsk})`)
        .option(
          '--ask-share <percent>',
          `part of the fee for working in another's place (default: ${defaultAskShare})`,
        )
        .option('--commission <percent>', "your part of what delegators' stake earns (default: 10)")
        .option('--max-deposit <credits>', 'pay no higher deposit than this'),
    ),
  )
    .addHelpText(
      'after',
      `
The deposit rises with each registration and decays with time. What is quoted is what is charged, or nothing happens
(exit code 4). It is returned to who leaves after his immunity.
${consentHelp}
${signingHelp}

Examples:
  $ moe expert register text-embedding --node my-expert --stake 10 --dry-run
  $ moe expert register text-embedding --node my-expert --stake 10 --ask 0.02 --max-deposit 5`,
    )
    .action(async (market: string, flags: RegisterFlags) => register(readMarket(market), flags));
  addSigningOptions(
    expert
      .command('update')
      .description('Change name and prices of your expert.')
      .argument('<expert>', 'MARKET/NAME')
      .option('--name <name>', 'what others see')
      .option('--ask <credits>', 'price of a kilobyte of text')
      .option('--ask-share <percent>', "part of the fee for working in another's place"),
  )
    .addHelpText(
      'after',
      `${signingHelp}\n\nExamples:\n  $ moe expert update text-embedding/my-expert --ask 0.02 --dry-run`,
    )
    .action(async (text: string, flags: SigningOptions & AskFlags) => {
      const changes = readAsk(flags);
      if (Object.keys(changes).length === 0)
        throw usageError('Say what changes: --name, --ask or --ask-share.');
      const owner = chooseOwner(flags.from, flags);
      const client = connectLedger(flags);
      const { market, node } = await resolveExpertTarget(client, text);
      await carryOut(client, owner, { action: { kind: 'updateExpert', market, node, ...changes } }, flags);
    });
  addSigningOptions(
    expert
      .command('leave')
      .description('End the registration of your expert; stake and deposit are paid out after the unbonding.')
      .argument('<expert>', 'MARKET/NAME'),
  )
    .addHelpText(
      'after',
      `
Who leaves while he is immune loses his deposit, unless the market's owner has announced other terms since he came.
${signingHelp}

Examples:
  $ moe expert leave text-embedding/my-expert --dry-run`,
    )
    .action(async (text: string, flags: SigningOptions) => {
      const owner = chooseOwner(flags.from, flags);
      const client = connectLedger(flags);
      const target = await resolveExpertTarget(client, text);
      await carryOut(client, owner, { action: { kind: 'deregister', target } }, flags);
    });
  addSigningOptions(
    addConsentOptions(
      expert
        .command('rotate')
        .description('Replace the key of your expert, e.g. one that was lost; stake and registration stay.')
        .argument('<expert>', 'MARKET/NAME as it is registered'),
    ),
  )
    .addHelpText(
      'after',
      `${consentHelp}\n${signingHelp}\n\nExamples:\n  $ moe wallet node fresh\n  $ moe expert rotate text-embedding/my-expert --node fresh --dry-run`,
    )
    .action(async (text: string, flags: SigningOptions & ConsentFlags) => {
      const owner = chooseOwner(flags.from, flags);
      const { node: next, consent, consentOf } = readConsent(flags, flags);
      const client = connectLedger(flags);
      const target = await resolveExpertTarget(client, text);
      const action = { kind: 'rotate' as const, target, next, consent };
      await carryOut(client, owner, { action, ...(consentOf === undefined ? {} : { consentOf }) }, flags);
    });
}

async function register(market: MarketId, flags: RegisterFlags): Promise<void> {
  const stakeMicro = readAmount(flags.stake);
  const most = flags.maxDeposit === undefined ? undefined : parseCredits(flags.maxDeposit);
  const ask = readAsk({ ask: flags.ask ?? defaultAsk, askShare: flags.askShare ?? defaultAskShare });
  const owner = chooseOwner(flags.from, flags);
  const { node, consent, consentOf, name } = readConsent(flags, flags);
  const shownName = flags.name ?? name;
  if (shownName === undefined) throw usageError('Say what others see: --name NAME.');
  const client = connectLedger(flags);
  const depositMicro = (await client.market(market)).registrationMicro;
  if (most !== undefined && depositMicro > most)
    throw refusal(
      'price-changed',
      `A registration in ${market} takes a deposit of ${formatAmount(depositMicro)} now, more than --max-deposit ${formatCredits(most)}. It decays with every epoch: try again later.`,
    );
  const action = {
    kind: 'registerExpert' as const,
    market,
    node,
    name: shownName,
    stakeMicro,
    depositMicro,
    askMicroPerKilobyte: ask.askMicroPerKilobyte!,
    askBps: ask.askBps!,
    ...(flags.commission === undefined
      ? {}
      : { commissionBps: readPercent(flags.commission, '--commission') }),
    consent,
  };
  const details = ['An expert that is drawn and does not answer loses stake: have its node ready to run.'];
  await carryOut(
    client,
    owner,
    { action, details, ...(consentOf === undefined ? {} : { consentOf }) },
    flags,
  );
}

function readAsk({ name, ask, askShare }: AskFlags): {
  readonly name?: string;
  readonly askMicroPerKilobyte?: Amount;
  readonly askBps?: number;
} {
  return {
    ...(name === undefined ? {} : { name }),
    ...(ask === undefined ? {} : { askMicroPerKilobyte: parseCredits(ask) }),
    ...(askShare === undefined ? {} : { askBps: readPercent(askShare, '--ask-share') }),
  };
}

async function resolveExpertTarget(
  client: LedgerClient,
  text: string,
): Promise<Extract<StakeTarget, { readonly role: 'expert' }>> {
  const target = text.startsWith('validator:') ? undefined : await resolveTarget(client, text);
  if (target?.role !== 'expert')
    throw usageError(`Write the expert as MARKET/NAME, e.g. text-embedding/my-expert.`);
  return target;
}
