import type { Command } from 'commander';
import { connectLedger } from '../connection/connect.ts';
import { carryOut } from '../ledger/carry-out.ts';
import { readAccount, readAmount } from '../ledger/read-arguments.ts';
import { chooseOwner } from '../wallet/choose-key.ts';
import { addSigningOptions, type SigningOptions, signingHelp } from './signing-options.ts';

export function addTransfer(program: Command): void {
  addSigningOptions(
    program
      .command('transfer')
      .description('Send credits to another account.')
      .argument('<amount>', 'credits, with six decimals at most')
      .requiredOption('--to <account>', 'address (0x…), or a wallet of this machine')
      .option('--to-unusual', 'send also where hardly anybody means to: an account without a key, yourself'),
  )
    .addHelpText(
      'after',
      `${signingHelp}

Examples:
  $ moe transfer 12.5 --to 0x52908400098527886E0F7030069857D2E4169EE7
  $ moe transfer 100 --from treasury --to alice        # the market on this machine funds a wallet
  $ moe transfer 100 --to alice --dry-run`,
    )
    .action(async (amount: string, flags: SigningOptions & { to: string }) => {
      const amountMicro = readAmount(amount);
      const owner = chooseOwner(flags.from, flags);
      const to = readAccount(flags.to, flags);
      const client = connectLedger(flags);
      await carryOut(client, owner, { action: { kind: 'transfer', to, amountMicro } }, flags);
    });
}
