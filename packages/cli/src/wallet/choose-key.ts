import {
  type AccountId,
  formatAccount,
  type KeyPair,
  MoeError,
  type NodeId,
  type OwnerKey,
} from '@market-of-experts/core';
import {
  decryptKeystore,
  holderOf,
  type Keystore,
  listWallets,
  readWallet,
} from '@market-of-experts/core/keystore';
import { usageError } from '../terminal/exit-codes.ts';
import { houseKeyNames, houseNode, houseOwner } from './house-keys.ts';
import { type PassphraseOptions, readPassphrase } from './passphrase.ts';
import { walletFolder } from './wallet-folder.ts';

export interface KeyOptions extends PassphraseOptions {
  readonly data?: string;
}

/** Who signs and pays. The key itself is opened when it is needed, not before. */
export interface ChosenOwner {
  readonly name: string;
  readonly account: AccountId;
  unlock(): Promise<OwnerKey>;
}

/** A node whose key lies on this machine. */
export interface ChosenNode {
  readonly name: string;
  readonly node: NodeId;
  unlock(): Promise<KeyPair>;
}

/** The owner of that name (`--from`), of MOE_WALLET, or of the only wallet: a wallet, or an account of the house. */
export function chooseOwner(from: string | undefined, options: KeyOptions): ChosenOwner {
  const name = from ?? (process.env.MOE_WALLET || onlyOwner(options.data));
  const house = houseOwner(options.data, name);
  if (house !== undefined) return { name, account: house.address, unlock: async () => house };
  const keystore = readNamed(name, options.data);
  const holder = holderOf(keystore);
  if (holder.kind !== 'owner')
    throw usageError(
      `"${name}" is the key of a node, which holds no money: name an owner's wallet with --from.`,
    );
  const { account } = holder;
  if (account === undefined)
    throw usageError(
      `The wallet "${name}" does not say whose it is. Import it under another name: moe wallet import NAME --keystore ${walletFolder(options.data)}/${name}.json`,
    );
  return {
    name,
    account,
    async unlock() {
      const opened = await open(keystore, options, `wallet ${name} (${formatAccount(account)})`);
      if (opened.kind !== 'owner') throw changed(name);
      return opened.key;
    },
  };
}

/** The node's key of that name: made by `moe wallet node`, or of the house. */
export function chooseNode(name: string, options: KeyOptions): ChosenNode {
  const house = houseNode(options.data, name);
  if (house !== undefined) return { name, node: house.publicKey as NodeId, unlock: async () => house };
  const keystore = readNamed(name, options.data);
  const holder = holderOf(keystore);
  if (holder.kind !== 'node')
    throw usageError(
      `"${name}" is an owner's wallet, which does not work: make a node's key with \`moe wallet node NAME\`.`,
    );
  return {
    name,
    node: holder.node,
    async unlock() {
      const opened = await open(keystore, options, `node ${name}`);
      if (opened.kind !== 'node') throw changed(name);
      return opened.key;
    },
  };
}

async function open(keystore: Keystore, options: KeyOptions, what: string) {
  return decryptKeystore(keystore, await readPassphrase(options, what));
}

function readNamed(name: string, data: string | undefined): Keystore {
  try {
    return readWallet(walletFolder(data), name);
  } catch (error) {
    if (!(error instanceof MoeError) || error.code !== 'wallet-unknown') throw error;
    throw new MoeError(
      'wallet-unknown',
      `${error.message} Make one with \`moe wallet new ${name}\`, or name another data directory with --data.`,
      { metadata: error.metadata, docs: 'run/wallet.md' },
    );
  }
}

function changed(name: string): MoeError {
  return new MoeError('wallet-unreadable', `The wallet "${name}" holds another kind of key than it says.`);
}

function onlyOwner(data: string | undefined): string {
  const folder = walletFolder(data);
  const owners = listWallets(folder).filter(({ holder }) => holder?.kind === 'owner');
  if (owners.length === 1) return owners[0]!.name;
  const house = houseKeyNames(data).includes('treasury')
    ? ', or sign as this market itself: --from treasury'
    : '';
  if (owners.length === 0)
    throw new MoeError(
      'wallet-unknown',
      `There is no wallet in ${folder}. Make one with \`moe wallet new NAME\`${house}.`,
      { docs: 'run/wallet.md' },
    );
  throw usageError(
    `There are ${owners.length} wallets: say which with --from or MOE_WALLET (${owners.map(({ name }) => name).join(', ')})${house}.`,
  );
}
