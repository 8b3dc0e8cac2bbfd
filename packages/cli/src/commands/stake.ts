import type { Amount } from '@market-of-experts/core';
import type { StakeTarget } from '@market-of-experts/protocol';
import type { LedgerClient } from '@market-of-experts/sdk';
import type { Command } from 'commander';
import { connectLedger } from '../connection/connect.ts';
import { carryOut } from '../ledger/carry-out.ts';
import { readAmount, readPercent } from '../ledger/read-arguments.ts';
import { resolveTarget, targetHelp } from '../ledger/resolve-target.ts';
import { showStake } from '../ledger/show-stake.ts';
import { usageError } from '../terminal/exit-codes.ts';
import { type ChosenOwner, chooseOwner } from '../wallet/choose-key.ts';
import { addConnectionOptions } from './connection-options.ts';
import { addSigningOptions, type SigningOptions, signingHelp } from './signing-options.ts';

type AmountKind = 'stake' | 'unstake' | 'delegate' | 'undelegate';

export function addStake(program: Command): void {
  const stake = program
    .command('stake')
    .description("Stake on experts and validators: on your own, or, as a delegator, on others'.")
    .addHelpText(
      'after',
      `${targetHelp}

What is added counts, earns and is at risk from the next epoch on; until then it can be taken back at once. What is taken
out is paid when its unbonding is over (\`moe epoch\` says how long that is), and can be slashed until then.

Examples:
  $ moe stake delegate validator:validator 50 --dry-run
  $ moe stake delegate text-embedding/minilm-l6 20
  $ moe stake undelegate text-embedding/minilm-l6 all
  $ moe stake show`,
    );
  amountCommand(
    stake,
    'add',
    'stake',
    'Add to the stake of your own expert or validator.',
    'add validator:mine 100',
  );
  amountCommand(
    stake,
    'remove',
    'unstake',
    'Take out of the stake of your own expert or validator; the minimum must stay.',
    'remove text-embedding/mine 5',
  );
  amountCommand(
    stake,
    'delegate',
    'delegate',
    "Stake on somebody else's expert or validator, for a part of what it earns.",
    'delegate validator:validator 50',
  );
  amountCommand(
    stake,
    'undelegate',
    'undelegate',
    'Take delegated stake out; "all" takes everything.',
    'undelegate validator:validator all',
  );
  addSigningOptions(
    stake
      .command('redelegate')
      .description('Move delegated stake to another expert or validator when it is unbonded.')
      .argument('<from-target>', 'where it is: validator:NAME or MARKET/NAME')
      .argument('<to-target>', 'where it goes')
      .argument('<amount>', 'credits, or all'),
  )
    .addHelpText(
      'after',
      `${targetHelp}\n${signingHelp}\n\nExamples:\n  $ moe stake redelegate validator:one validator:two 50\n  $ moe stake redelegate validator:one text-embedding/minilm-l6 all`,
    )
    .action(async (text: string, toText: string, amount: string, flags: SigningOptions) => {
      const owner = chooseOwner(flags.from, flags);
      const client = connectLedger(flags);
      const target = await resolveTarget(client, text);
      const to = await resolveTarget(client, toText);
      const amountMicro = await readDelegated(client, owner, target, amount);
      await carryOut(client, owner, { action: { kind: 'redelegate', target, to, amountMicro } }, flags);
    });
  addSigningOptions(
    stake
      .command('commission')
      .description(
        "Announce your part of what your delegators' stake earns; it begins after the network's notice.",
      )
      .argument('<target>', 'your expert or validator: validator:NAME or MARKET/NAME')
      .argument('<percent>', '0 to 100'),
  )
    .addHelpText(
      'after',
      `${targetHelp}\n${signingHelp}\n\nExamples:\n  $ moe stake commission validator:mine 12.5\n  $ moe stake commission text-embedding/mine 5 --dry-run`,
    )
    .action(async (text: string, percent: string, flags: SigningOptions) => {
      const commissionBps = readPercent(percent, 'A commission');
      const owner = chooseOwner(flags.from, flags);
      const client = connectLedger(flags);
      const target = await resolveTarget(client, text);
      await carryOut(client, owner, { action: { kind: 'setCommission', target, commissionBps } }, flags);
    });
  addConnectionOptions(
    stake
      .command('show')
      .description('Show what an account has staked, delegated and is unbonding.')
      .argument('[account]', 'address, wallet, or account of the house (default: as for --from)'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe stake show\n  $ moe stake show market-owner\n  $ moe stake show 0x52908400098527886E0F7030069857D2E4169EE7 --json',
    )
    .action(showStake);
}

function amountCommand(
  stake: Command,
  name: string,
  kind: AmountKind,
  description: string,
  example: string,
): void {
  const canTakeAll = kind === 'undelegate';
  addSigningOptions(
    stake
      .command(name)
      .description(description)
      .argument('<target>', 'validator:NAME or MARKET/NAME')
      .argument('<amount>', canTakeAll ? 'credits, or all' : 'credits'),
  )
    .addHelpText(
      'after',
      `${targetHelp}\n${signingHelp}\n\nExamples:\n  $ moe stake ${example}\n  $ moe stake ${example} --dry-run`,
    )
    .action(async (text: string, amount: string, flags: SigningOptions) => {
      if (!canTakeAll) readAmount(amount);
      const owner = chooseOwner(flags.from, flags);
      const client = connectLedger(flags);
      const target = await resolveTarget(client, text);
      const amountMicro = canTakeAll
        ? await readDelegated(client, owner, target, amount)
        : readAmount(amount);
      await carryOut(client, owner, { action: { kind, target, amountMicro } }, flags);
    });
}

/** An amount, or `all`: what the account has delegated there now. */
async function readDelegated(
  client: LedgerClient,
  owner: ChosenOwner,
  target: StakeTarget,
  amount: string,
): Promise<Amount> {
  if (amount !== 'all') return readAmount(amount);
  const { delegations } = await client.account(owner.account);
  const found = delegations.find(
    (delegation) =>
      delegation.target.role === target.role &&
      delegation.target.node === target.node &&
      (delegation.target.role === 'validator' ||
        (target.role === 'expert' && delegation.target.market === target.market)),
  );
  if (found === undefined)
    throw usageError(`${owner.name} has delegated nothing there. \`moe stake show\` lists what it has.`);
  return found.valueMicro + found.pendingMicro;
}
