import { fromHex } from '@market-of-experts/core';
import { CHAIN_START, chainEntry, readEntry, seal } from '@market-of-experts/ledger/log/entry';
import {
  applyTransaction,
  emptyState,
  type LedgerState,
  type SignedTransaction,
  stateRoot,
} from '@market-of-experts/protocol';
import { mixedTransactions } from '../../benchmarks/ledger/mixed-transactions.ts';

/** Enough for every kind of transaction, several epochs, and ranks. */
const mixed = 420;

/** One entry of a log, and the state root after it. */
export interface LoggedEntry {
  readonly bytes: Uint8Array;
  readonly root: Uint8Array;
}

/** The mix of all kinds of transaction, signed by today's code. */
export function signedMix(): readonly SignedTransaction[] {
  return mixedTransactions(mixed);
}

/** The log that these make. */
export function logOf(transactions: readonly SignedTransaction[]): readonly LoggedEntry[] {
  const state = emptyState();
  let chain = CHAIN_START;
  return transactions.map((signed) => {
    const { bytes, hash } = chainEntry(chain, seal(signed));
    chain = hash;
    return { bytes, root: rootAfter(state, signed.body) };
  });
}

/** Reads recorded entries, writes them again, and applies them. */
export function replayLog(entries: readonly Uint8Array[]): {
  readonly log: readonly LoggedEntry[];
  readonly kinds: ReadonlySet<string>;
  readonly state: LedgerState;
} {
  const state = emptyState();
  const kinds = new Set<string>();
  let chain = CHAIN_START;
  const log = entries.map((recorded, index) => {
    const { transaction, signature, by, chainHash } = readEntry(index, chain, recorded);
    const { bytes } = chainEntry(chain, seal({ body: transaction, by, signature }));
    chain = chainHash;
    kinds.add(transaction.kind);
    return { bytes, root: rootAfter(state, transaction) };
  });
  return { log, kinds, state };
}

function rootAfter(state: LedgerState, transaction: SignedTransaction['body']): Uint8Array {
  const outcome = applyTransaction(state, transaction);
  if (!outcome.applied) throw new Error(`A ${transaction.kind} of the log is refused: ${outcome.message}`);
  return fromHex(stateRoot(state));
}
