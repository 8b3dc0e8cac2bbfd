import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../codec.ts';
import { isMoeError, MoeError, messageOf } from '../errors.ts';
import type { AccountId, NodeId } from '../ids.ts';
import { textOf } from '../text.ts';
import {
  formatKeystore,
  KEYSTORE_LIMITS,
  type Keystore,
  parseKeystore,
  unreadable,
} from './keystore-format.ts';

/** Whose key a wallet file says it holds; the passphrase proves it. */
export type WalletHolder =
  | { readonly kind: 'owner'; readonly account: AccountId | undefined }
  | { readonly kind: 'node'; readonly node: NodeId };

export interface ListedWallet {
  readonly name: string;
  readonly path: string;
  /** Undefined if the file cannot be read as a wallet. */
  readonly holder: WalletHolder | undefined;
}

const nameForm = /^[a-z0-9][a-z0-9-]{0,62}$/;
const extension = '.json';

/** Where the wallet of that name is. Throws `invalid-wallet-name`. */
export function walletPath(directory: string, name: string): string {
  if (!nameForm.test(name))
    throw new MoeError(
      'invalid-wallet-name',
      `"${name.slice(0, 70)}" cannot be the name of a wallet. Use up to 63 lowercase letters, digits or hyphens.`,
    );
  return join(directory, `${name}${extension}`);
}

/** The wallets of a directory by name; none if there is no directory. */
export function listWallets(directory: string): readonly ListedWallet[] {
  let files: string[];
  try {
    files = readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreachable(directory, error);
  }
  return files
    .filter((file) => file.endsWith(extension) && nameForm.test(file.slice(0, -extension.length)))
    .sort()
    .map((file) => {
      const path = join(directory, file);
      return { name: file.slice(0, -extension.length), path, holder: holderIn(path) };
    });
}

function holderIn(path: string): WalletHolder | undefined {
  try {
    return holderOf(parseKeystore(readLimited(path)));
  } catch {
    return undefined;
  }
}

export function holderOf({ address, moe }: Keystore): WalletHolder {
  if (moe !== undefined) return { kind: 'node', node: moe.node };
  const account = address === undefined ? undefined : `0x${address.replace(/^0x/, '').toLowerCase()}`;
  return { kind: 'owner', account: account as AccountId | undefined };
}

/** Throws `wallet-unknown` with the names there are, or `wallet-unreadable`. */
export function readWallet(directory: string, name: string): Keystore {
  const path = walletPath(directory, name);
  let text: string;
  try {
    text = readLimited(path);
  } catch (error) {
    if (isMoeError(error, 'invalid-text')) throw unreadable('it is not UTF-8');
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreachable(path, error);
    const names = listWallets(directory).map((wallet) => wallet.name);
    throw new MoeError(
      'wallet-unknown',
      `There is no wallet "${name}" in ${directory}. ${names.length === 0 ? 'There is none at all yet.' : `There are: ${names.join(', ')}.`}`,
      { metadata: { names } },
    );
  }
  return parseKeystore(text);
}

/**
 * Writes a wallet file with mode 0600, whole or not at all, and returns its path. Throws `wallet-exists`: a wallet is
 * never replaced.
 */
export function saveWallet(directory: string, name: string, keystore: Keystore): string {
  const path = walletPath(directory, name);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unreachable(directory, error);
  }
  const temporary = join(directory, `.${name}-${toHex(crypto.getRandomValues(new Uint8Array(8)))}.new`);
  try {
    const file = openSync(temporary, 'wx', 0o600);
    try {
      // The mode above is less what the umask takes away, never more; this one is exact.
      chmodSync(temporary, 0o600);
      writeSync(file, formatKeystore(keystore));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // Unlike a rename, a link does not replace what is there.
    linkSync(temporary, path);
    syncDirectory(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new MoeError(
        'wallet-exists',
        `There is a wallet "${name}" already (${path}), and wallets are never replaced. Choose another name, or move the file away.`,
      );
    throw unreachable(path, error);
  } finally {
    rmSync(temporary, { force: true });
  }
  return path;
}

/** The new name is on disk only when its folder is. */
function syncDirectory(directory: string): void {
  const folder = openSync(directory, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function readLimited(path: string): string {
  const { size } = statSync(path);
  // The parser refuses what is longer, with a sentence.
  return size > KEYSTORE_LIMITS.bytes ? ' '.repeat(KEYSTORE_LIMITS.bytes + 1) : textOf(readFileSync(path));
}

function unreachable(path: string, cause: unknown): MoeError {
  return new MoeError(
    'wallet-unreachable',
    `${path} cannot be used for wallets: ${messageOf(cause)}. Check the directory and its permissions.`,
    { cause },
  );
}
