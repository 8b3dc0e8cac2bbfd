import type { Command } from 'commander';
import type { ConnectionOptions } from '../connection/connection.ts';
import type { CarryOutOptions } from '../ledger/carry-out.ts';
import type { KeyOptions } from '../wallet/choose-key.ts';
import { addConnectionOptions } from './connection-options.ts';

export interface SigningOptions extends ConnectionOptions, CarryOutOptions, Omit<KeyOptions, 'data'> {
  readonly from?: string;
}

/** The options of every command that signs a transaction. */
export function addSigningOptions(command: Command): Command {
  return addConnectionOptions(
    command
      .option('--from <wallet>', 'wallet that signs and pays (MOE_WALLET; default: the only one)')
      .option('--dry-run', 'show the exact effect and cost; sign and send nothing')
      .option('-y, --yes', 'sign without being asked')
      .option('--passphrase-file <file>', 'file with the passphrase (default: MOE_PASSPHRASE, or a prompt)')
      .option('--network <name>', 'sign for this network only'),
  );
}

export const signingHelp = `
The exact effect and cost are shown before anything is signed, and you are asked; --dry-run stops there, --yes does not ask.
Exit codes: 0 done, 1 error, 2 wrong usage, 4 refused by the ledger, 5 wallet not opened, 130 not confirmed.`;
