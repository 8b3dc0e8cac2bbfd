import type { Command } from 'commander';
import { connectLedger } from '../connection/connect.ts';
import { carryOut } from '../ledger/carry-out.ts';
import { readAmount, readPercent } from '../ledger/read-arguments.ts';
import { resolveValidator } from '../ledger/resolve-target.ts';
import { listValidators, showWeights } from '../ledger/show-validators.ts';
import { usageError } from '../terminal/exit-codes.ts';
import { chooseOwner } from '../wallet/choose-key.ts';
import { addConnectionOptions } from './connection-options.ts';
import { addConsentOptions, type ConsentFlags, consentHelp, readConsent } from './consent-options.ts';
import { addSigningOptions, type SigningOptions, signingHelp } from './signing-options.ts';

export function addValidator(program: Command): void {
  const validator = program
    .command('validator')
    .description('Register, change and look at validators: they witness jobs and rank experts.')
    .addHelpText(
      'after',
      `
Examples:
  $ moe wallet node my-validator
  $ moe validator register --node my-validator --stake 100 --dry-run
  $ moe validator list
  $ moe validator weights text-embedding`,
    );
  addSigningOptions(
    addConsentOptions(
      validator
        .command('register')
        .description('Register a validator with your stake; it counts from the next epoch on.')
        .requiredOption('--stake <credits>', 'your own stake')
        .option('--name <name>', "what others see (default: the key's name)")
        .option('--commission <percent>', "your part of what delegators' stake earns (default: 10)"),
    ),
  )
    .addHelpText(
      'after',
      `${consentHelp}\n${signingHelp}\n\nExamples:\n  $ moe validator register --node my-validator --stake 100 --dry-run\n  $ moe validator register --node my-validator --stake 100 --commission 5 --name "Alice’s"`,
    )
    .action(
      async (
        flags: SigningOptions & ConsentFlags & { stake: string; name?: string; commission?: string },
      ) => {
        const stakeMicro = readAmount(flags.stake);
        const owner = chooseOwner(flags.from, flags);
        const { node, consent, consentOf, name } = readConsent(flags, flags);
        const action = {
          kind: 'registerValidator' as const,
          node,
          name: nameOf(flags.name ?? name),
          stakeMicro,
          ...(flags.commission === undefined
            ? {}
            : { commissionBps: readPercent(flags.commission, '--commission') }),
          consent,
        };
        await carryOut(
          connectLedger(flags),
          owner,
          { action, ...(consentOf === undefined ? {} : { consentOf }) },
          flags,
        );
      },
    );
  addSigningOptions(
    validator
      .command('update')
      .description('Change the name of your validator.')
      .argument('<validator>', 'name or node id')
      .requiredOption('--name <name>', 'what others see'),
  )
    .addHelpText(
      'after',
      `${signingHelp}\n\nExamples:\n  $ moe validator update my-validator --name "Alice’s validator"`,
    )
    .action(async (text: string, flags: SigningOptions & { name: string }) => {
      const owner = chooseOwner(flags.from, flags);
      const client = connectLedger(flags);
      const node = await resolveValidator(client, text);
      await carryOut(client, owner, { action: { kind: 'updateValidator', node, name: flags.name } }, flags);
    });
  addSigningOptions(
    validator
      .command('leave')
      .description('End the registration of your validator; all stake is paid out after the unbonding.')
      .argument('<validator>', 'name or node id'),
  )
    .addHelpText('after', `${signingHelp}\n\nExamples:\n  $ moe validator leave my-validator --dry-run`)
    .action(async (text: string, flags: SigningOptions) => {
      const owner = chooseOwner(flags.from, flags);
      const client = connectLedger(flags);
      const target = { role: 'validator' as const, node: await resolveValidator(client, text) };
      await carryOut(client, owner, { action: { kind: 'deregister', target } }, flags);
    });
  addSigningOptions(
    addConsentOptions(
      validator
        .command('rotate')
        .description(
          'Replace the key of your validator, e.g. one that was lost; stake and registration stay.',
        )
        .argument('<validator>', 'name or node id of the validator as it is registered'),
    ),
  )
    .addHelpText(
      'after',
      `${consentHelp}\n${signingHelp}\n\nExamples:\n  $ moe wallet node fresh\n  $ moe validator rotate my-validator --node fresh --dry-run`,
    )
    .action(async (text: string, flags: SigningOptions & ConsentFlags) => {
      const owner = chooseOwner(flags.from, flags);
      const { node: next, consent, consentOf } = readConsent(flags, flags);
      const client = connectLedger(flags);
      const target = { role: 'validator' as const, node: await resolveValidator(client, text) };
      const action = { kind: 'rotate' as const, target, next, consent };
      await carryOut(client, owner, { action, ...(consentOf === undefined ? {} : { consentOf }) }, flags);
    });
  addConnectionOptions(validator.command('list').description('List the validators with their stake.'))
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe validator list\n  $ moe validator list --json | jq -r .validators[].name',
    )
    .action(listValidators);
  addConnectionOptions(
    validator
      .command('weights')
      .description('Show which weights the validators gave to the experts of a market.')
      .argument('<market>', 'market'),
  )
    .addHelpText(
      'after',
      `
Weights are promised sealed in one epoch and opened in the next, so that nobody copies them in time.

Examples:
  $ moe validator weights text-embedding
  $ moe validator weights text-embedding --json`,
    )
    .action(showWeights);
}

function nameOf(name: string | undefined): string {
  if (name === undefined) throw usageError('Say what others see: --name NAME.');
  return name;
}
