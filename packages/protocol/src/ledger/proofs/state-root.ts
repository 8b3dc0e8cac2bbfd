import { type AccountId, fromHex, type Hash, hashBytes, hashOf, toHex } from '@market-of-experts/core';
import { type Account, type TableName, tableNames } from '../state/records.ts';
import type { LedgerState } from '../state/state.ts';
import { MerkleTrie } from './merkle-trie.ts';
import { type TrieProof, verifyTrieProof } from './trie-proof.ts';

const PATH_DOMAIN = 'moe/state-path/2';
const RECORD_DOMAIN = 'moe/state-record/2';

/** An account's balance and nonce under a state root, or that it has no record. See {@link verifyAccountProof}. */
export interface AccountProof extends TrieProof {
  readonly account: AccountId;
  /** Not there if the account was never seen. */
  readonly record?: Account;
}

/**
 * The Merkle trie over the records of a state, which follows the state's changes: tell it what was touched, and
 * the next root costs O(k log n) hashes for k records touched. A record's path is the hash of its table and
 * key, its value the hash of its canonical bytes, so the root is a function of the set of records.
 */
export class StateTree {
  readonly #state: LedgerState;
  readonly #trie = new MerkleTrie();
  readonly #touched = new Map<TableName, Set<string>>();
  readonly #unread: Iterator<readonly [TableName, string, unknown]>;
  #isRead = false;

  constructor(state: LedgerState) {
    this.#state = state;
    this.#unread = recordsOf(state);
  }

  /** Says that a record was added, replaced or deleted, before or after it was. */
  touch(table: TableName, key: string): void {
    const keys = this.#touched.get(table);
    if (keys === undefined) this.#touched.set(table, new Set([key]));
    else keys.add(key);
  }

  /**
   * Does about `limit` records' (then hashes') worth of what a root needs; true once nothing is left. Who has
   * a large state calls it in turns with other work; otherwise the next {@link root} does all of it.
   */
  advance(limit: number): boolean {
    let left = limit;
    while (!this.#isRead) {
      if (left-- <= 0) return false;
      const next = this.#unread.next();
      if (next.done === true) this.#isRead = true;
      else this.#absorb(...next.value);
    }
    for (const [table, keys] of this.#touched) {
      for (const key of keys) {
        if (left-- <= 0) return false;
        this.#absorb(table, key, this.#state[table].get(key));
        keys.delete(key);
      }
      this.#touched.delete(table);
    }
    return this.#trie.hash(left);
  }

  root(): Hash {
    this.advance(Number.POSITIVE_INFINITY);
    return toHex(this.#trie.root()) as Hash;
  }

  /** Proof under {@link root} for an account, whether it has a record or not. */
  proveAccount(account: AccountId): AccountProof {
    this.advance(Number.POSITIVE_INFINITY);
    const record = this.#state.accounts.get(account);
    return {
      account,
      ...(record === undefined ? {} : { record }),
      ...this.#trie.prove(pathOf('accounts', account)),
    };
  }

  #absorb(table: TableName, key: string, record: unknown): void {
    if (record === undefined) this.#trie.delete(pathOf(table, key));
    else this.#trie.set(pathOf(table, key), recordHash(record));
  }
}

/** Root of the {@link StateTree} of a state, made from nothing: what to compare an incremental one with. */
export function stateRoot(state: LedgerState): Hash {
  return new StateTree(state).root();
}

/** True if the proof shows its record, or that there is none, under `root`. Needs nothing of the state. */
export function verifyAccountProof(root: Hash, proof: AccountProof): boolean {
  const value = proof.record === undefined ? undefined : recordHash(proof.record);
  return verifyTrieProof(fromHex(root), pathOf('accounts', proof.account), value, proof);
}

function* recordsOf(state: LedgerState): Generator<readonly [TableName, string, unknown]> {
  for (const table of tableNames) for (const [key, record] of state[table]) yield [table, key, record];
}

// Written over by every call, and copied by the trie: fresh buffers would be most of the garbage of a large root.
const path = Buffer.alloc(32);
const valueHash = Buffer.alloc(32);

function pathOf(table: TableName, key: string): Uint8Array {
  path.write(hashBytes(Buffer.from(`${PATH_DOMAIN}/${table}/${key}`)), 'hex');
  return path;
}

function recordHash(record: unknown): Uint8Array {
  valueHash.write(hashOf(RECORD_DOMAIN, record), 'hex');
  return valueHash;
}
