import { type AccountId, encode, fromHex, type Hash, sha256, toHex } from '@moe/core';
import { type Account, accountOf, type LedgerState, type TableName, tableNames } from './state.ts';

const LEAF_DOMAIN = 'moe/state-leaf/1';
const INNER_PREFIX = encode('moe/state-inner/1');

/** Siblings on the way from a leaf to the root; `left` says on which side the sibling stands. */
export interface AccountProof {
  readonly account: AccountId;
  readonly record: Account;
  readonly siblings: readonly { readonly left: boolean; readonly hash: Hash }[];
}

/**
 * Root of a binary Merkle tree over all records, sorted by table and key. Leaves and inner nodes are hashed
 * under different domains; the last node of an odd level moves up unchanged (as in RFC 6962, so that no two
 * states share a root).
 */
export function stateRoot(state: LedgerState): Hash {
  let level = leaves(state);
  if (level.length === 0) level = [sha256(INNER_PREFIX)];
  while (level.length > 1) level = parents(level);
  return toHex(level[0]!) as Hash;
}

/** Proof of an account's balance and nonce under {@link stateRoot}; undefined for an account never seen. */
export function proveAccount(state: LedgerState, account: AccountId): AccountProof | undefined {
  if (!state.accounts.has(account)) return undefined;
  const record = accountOf(state, account);
  let level = leaves(state);
  let index = sortedEntries(state).findIndex(([table, key]) => table === 'accounts' && key === account);
  const siblings: { left: boolean; hash: Hash }[] = [];
  while (level.length > 1) {
    const sibling = level[index ^ 1];
    if (sibling !== undefined) siblings.push({ left: (index & 1) === 1, hash: toHex(sibling) as Hash });
    level = parents(level);
    index >>= 1;
  }
  return { account, record, siblings };
}

/** True if the proof leads to `root`. A tree has at most 2^40 leaves. */
export function verifyAccountProof(root: Hash, proof: AccountProof): boolean {
  if (proof.siblings.length > 40) return false;
  let hash = leafHash('accounts', proof.account, proof.record);
  for (const sibling of proof.siblings) {
    const other = fromHex(sibling.hash);
    hash = sibling.left ? innerHash(other, hash) : innerHash(hash, other);
  }
  return toHex(hash) === root;
}

function sortedEntries(state: LedgerState): (readonly [TableName, string, unknown])[] {
  return [...tableNames]
    .sort()
    .flatMap((table) =>
      [...state[table]]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, record]) => [table, key, record] as const),
    );
}

function leaves(state: LedgerState): Uint8Array[] {
  return sortedEntries(state).map(([table, key, record]) => leafHash(table, key, record));
}

function parents(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let index = 0; index < level.length; index += 2) {
    const left = level[index]!;
    const right = level[index + 1];
    above.push(right === undefined ? left : innerHash(left, right));
  }
  return above;
}

function leafHash(table: TableName, key: string, record: unknown): Uint8Array {
  return sha256(encode([LEAF_DOMAIN, [table, key, record]]));
}

function innerHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(INNER_PREFIX, left, right);
}
