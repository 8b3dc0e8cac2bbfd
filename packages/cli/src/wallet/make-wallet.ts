import { existsSync } from 'node:fs';
import {
  formatAccount,
  generateKeyPair,
  generateOwnerKey,
  MoeError,
  type Signer,
  senderOf,
  toHex,
} from '@market-of-experts/core';
import {
  decryptKeystore,
  formatKeystore,
  ownerKeyFromHex,
  parseKeystore,
  readWallet,
  walletPath,
} from '@market-of-experts/core/keystore';
import { readSmallFile, readSmallInput } from '../files/read-small-file.ts';
import { askYes, canAsk } from '../terminal/ask.ts';
import { usageError } from '../terminal/exit-codes.ts';
import { print, printJson } from '../terminal/print.ts';
import { type PassphraseOptions, readNewPassphrase, readPassphrase } from './passphrase.ts';
import { assertWalletName, keepKey, walletFolder, writeSecretFile } from './wallet-folder.ts';

interface Flags extends PassphraseOptions {
  readonly data?: string;
  readonly json?: boolean;
}

const maxFileBytes = 64 * 1024;

export async function newWallet(name: string, flags: Flags): Promise<void> {
  await make(name, generateOwnerKey(), flags);
}

export async function newNode(name: string, flags: Flags): Promise<void> {
  await make(name, generateKeyPair(), flags);
}

async function make(name: string, key: Signer, flags: Flags): Promise<void> {
  assertFree(name, flags);
  report(name, key, await keepKey(flags.data, name, key, await readNewPassphrase(flags, name)), flags);
}

export async function importWallet(
  name: string,
  flags: Flags & { readonly keystore?: string; readonly privateKeyFile?: string },
): Promise<void> {
  const { keystore, privateKeyFile } = flags;
  if ((keystore === undefined) === (privateKeyFile === undefined))
    throw usageError(
      'Say where the key is: --keystore FILE, or --private-key-file FILE (- for standard input).',
    );
  assertFree(name, flags);
  if (keystore !== undefined) {
    const stored = parseKeystore(readSmallFile(keystore, maxFileBytes));
    const passphrase = await readPassphrase(flags, keystore);
    const { key } = await decryptKeystore(stored, passphrase);
    report(name, key, await keepKey(flags.data, name, key, passphrase), flags);
    return;
  }
  const text =
    privateKeyFile === '-'
      ? await readSmallInput(maxFileBytes)
      : readSmallFile(privateKeyFile!, maxFileBytes);
  const key = ownerKeyFromHex(text);
  report(name, key, await keepKey(flags.data, name, key, await readNewPassphrase(flags, name)), flags);
}

export async function exportWallet(
  name: string,
  flags: Flags & { readonly output: string; readonly privateKey?: boolean; readonly yes?: boolean },
): Promise<void> {
  const keystore = readWallet(walletFolder(flags.data), name);
  if (flags.privateKey && !flags.yes) {
    if (!canAsk())
      throw usageError(
        'A bare private key is written after a question only, or with --yes: nobody can be asked here.',
      );
    if (!(await askYes(`Whoever reads ${flags.output} will own this key and its money. Write it?`)))
      throw new MoeError('interrupted', 'Nothing was written.');
  }
  const { key } = await decryptKeystore(keystore, await readPassphrase(flags, name));
  const secret = 'address' in key ? key.privateKey : key.seed;
  writeSecretFile(flags.output, flags.privateKey ? `0x${toHex(secret)}\n` : formatKeystore(keystore));
  if (flags.json)
    printJson({ name, id: publicId(key), output: flags.output, isEncrypted: !flags.privateKey });
  else if (flags.privateKey)
    print(`Wrote the bare private key of ${name} to ${flags.output}. Delete it when it is where it belongs.`);
  else print(`Wrote ${name} to ${flags.output}; its passphrase opens it.`);
}

/** Before a passphrase is asked for. */
function assertFree(name: string, { data }: Flags): void {
  assertWalletName(data, name);
  const path = walletPath(walletFolder(data), name);
  if (existsSync(path))
    throw new MoeError(
      'wallet-exists',
      `There is a wallet "${name}" already (${path}), and wallets are never replaced. Choose another name.`,
    );
}

function report(name: string, key: Signer, path: string, flags: Flags): void {
  const kind = 'address' in key ? 'owner' : 'node';
  const id = publicId(key);
  if (flags.json) return printJson({ name, kind, id, path });
  print(`${kind === 'owner' ? 'Wallet' : 'Node key'} ${name}: ${id}`);
  print(`Encrypted in ${path}. Keep a copy of the file and the passphrase: nobody can restore them.`);
}

function publicId(key: Signer): string {
  return 'address' in key ? formatAccount(key.address) : senderOf(key);
}
