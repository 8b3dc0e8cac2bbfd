import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Signer } from '@market-of-experts/core';
import { encryptKeystore, saveWallet, walletPath } from '@market-of-experts/core/keystore';
import { dataDirectory } from '../connection/connection.ts';
import { fileTrouble } from '../files/file-trouble.ts';
import { usageError } from '../terminal/exit-codes.ts';
import { houseKeyNames } from './house-keys.ts';

/** `<data directory>/wallets` */
export function walletFolder(data: string | undefined): string {
  return join(dataDirectory(data), 'wallets');
}

/** Throws for a name that cannot be a wallet's: its form, or because the house of this data directory is called so. */
export function assertWalletName(data: string | undefined, name: string): void {
  walletPath(walletFolder(data), name);
  if (houseKeyNames(data).includes(name))
    throw usageError(
      `"${name}" is the name of an account that the market of this data directory keeps for itself. Choose another.`,
    );
}

/** Encrypts a key and keeps it under that name; the result is the file's path. Never replaces a wallet. */
export async function keepKey(
  data: string | undefined,
  name: string,
  key: Signer,
  passphrase: string,
): Promise<string> {
  assertWalletName(data, name);
  return saveWallet(walletFolder(data), name, await encryptKeystore(key, passphrase));
}

/** Writes a file with mode 0600, on disk when this returns. Throws a usage error where there is one already. */
export function writeSecretFile(path: string, text: string): void {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw usageError(
      isThere
        ? `${path} is there already; keys are never written over a file. Name another.`
        : `${path} cannot be written: ${fileTrouble(error)}.`,
    );
  }
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
