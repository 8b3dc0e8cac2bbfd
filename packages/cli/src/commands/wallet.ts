import type { Command } from 'commander';
import { consentCommand } from '../ledger/consent.ts';
import { listCommand, showCommand } from '../ledger/show-wallets.ts';
import { exportWallet, importWallet, newNode, newWallet } from '../wallet/make-wallet.ts';
import { addConnectionOptions } from './connection-options.ts';

const passphraseOption = [
  '--passphrase-file <file>',
  'file with the passphrase (default: MOE_PASSPHRASE, or a prompt)',
] as const;
const dataOption = ['--data <folder>', 'data directory (MOE_HOME; default ./.moe)'] as const;
const jsonOption = ['--json', 'print one JSON object and nothing else; errors as JSON too'] as const;

export function addWallet(program: Command): void {
  const wallet = program
    .command('wallet')
    .description('Make, list, import and export the keys of owners (money) and nodes (work), encrypted.')
    .addHelpText(
      'after',
      `
Wallets are files in the folder wallets of the data directory: Web3 Secret Storage, version 3, as other Ethereum
programs read it, for your eyes only (mode 0600), and never replaced. A passphrase is asked for without being
shown, or comes from MOE_PASSPHRASE or --passphrase-file. Nobody can restore a lost passphrase.

Examples:
  $ moe wallet new alice               an owner: holds and moves money
  $ moe wallet node my-expert          a node: signs work, holds nothing
  $ moe wallet list
  $ moe wallet export alice -o alice-backup.json`,
    );
  wallet
    .command('new')
    .description("Make an owner's wallet.")
    .argument('<name>', 'what to call it here')
    .option(...passphraseOption)
    .option(...dataOption)
    .option(...jsonOption)
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe wallet new alice\n  $ MOE_PASSPHRASE=… moe wallet new alice --json',
    )
    .action(newWallet);
  wallet
    .command('node')
    .description("Make a node's key, which an expert or validator works with.")
    .argument('<name>', 'what to call it here')
    .option(...passphraseOption)
    .option(...dataOption)
    .option(...jsonOption)
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe wallet node my-expert\n  $ moe expert register text-embedding --node my-expert --stake 10',
    )
    .action(newNode);
  addConnectionOptions(
    wallet.command('list').description('List the wallets, with balances if a market runs.'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe wallet list\n  $ moe wallet list --json | jq -r .wallets[].id',
    )
    .action(listCommand);
  addConnectionOptions(
    wallet
      .command('show')
      .description('Show the address of a wallet, and its balance if a market runs.')
      .argument('[name]', 'wallet, or an account of the house such as treasury (default: as for --from)'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe wallet show alice\n  $ moe wallet show treasury\n  $ moe wallet show alice --json | jq -r .id',
    )
    .action(showCommand);
  wallet
    .command('import')
    .description('Take over a key from another program.')
    .argument('<name>', 'what to call it here')
    .option('--keystore <file>', 'wallet file of another program (Web3 Secret Storage, version 3)')
    .option('--private-key-file <file>', 'private key in 64 hex digits; - for standard input')
    .option(...passphraseOption)
    .option(...dataOption)
    .option(...jsonOption)
    .addHelpText(
      'after',
      `
A private key is never taken from the command line, where others on this machine could read it. A wallet file is opened with its
passphrase, and kept under the same one.

Examples:
  $ moe wallet import alice --keystore UTC--2026-01-02--abc.json
  $ pass show alice | moe wallet import alice --private-key-file - --passphrase-file alice.pass`,
    )
    .action(importWallet);
  wallet
    .command('export')
    .description('Write a wallet into a file, encrypted, for a backup or another program.')
    .argument('<name>', 'wallet')
    .requiredOption('-o, --output <file>', 'file to write; never over another')
    .option('--private-key', 'write the bare private key instead: whoever reads that file has the money')
    .option('-y, --yes', 'do not ask before writing a bare private key')
    .option(...passphraseOption)
    .option(...dataOption)
    .option(...jsonOption)
    .addHelpText(
      'after',
      `
The passphrase is asked for, so that no backup is made that nobody can open. The file has mode 0600. Nothing secret is
ever printed.

Examples:
  $ moe wallet export alice -o alice-backup.json
  $ moe wallet export alice -o alice.key --private-key`,
    )
    .action(exportWallet);
  wallet
    .command('consent')
    .description("Print a node's agreement to be registered by an owner whose key is on another machine.")
    .argument('<node>', "node's key")
    .requiredOption('--owner <account>', 'address of the owner who registers it')
    .requiredOption('--network <name>', 'network it is registered in, as `moe epoch` shows it')
    .option(...passphraseOption)
    .option(...dataOption)
    .option(...jsonOption)
    .addHelpText(
      'after',
      '\nExamples:\n  $ moe wallet consent my-expert --owner 0x52908400098527886E0F7030069857D2E4169EE7 --network embedded-3f9c',
    )
    .action(consentCommand);
}
