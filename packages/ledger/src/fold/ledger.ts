import type { AccountId, Amount, Hash, MarketId, NodeId, SenderId, Signer } from '@market-of-experts/core';
import type {
  Account,
  AccountProof,
  Action,
  EditionRecord,
  Expert,
  LedgerState,
  Market,
  NetworkRecord,
  Prepaid,
  Preview,
  Ranking,
  SignedTransaction,
  TableName,
  Transaction,
  Validator,
  WeightCommit,
  Weights,
} from '@market-of-experts/protocol';
import type { LedgerEntry } from '../log/entry.ts';

/** The tables of the ledger, by the keys that the protocol makes. */
export type LedgerTables = {
  readonly [Name in TableName]: ReadonlyMap<string, NonNullable<ReturnType<LedgerState[Name]['get']>>>;
};

export interface Placed {
  /** The transaction's place in the log. */
  readonly index: number;
}

/** Whether transactions can be written now, and if not, why. */
export type LedgerHealth =
  | { readonly isWritable: true }
  | {
      readonly isWritable: false;
      /** A sentence for people. */
      readonly reason: string;
      /** The ledger does not recover by itself: the process must end in order and be started again. */
      readonly needsRestart: boolean;
    };

/** What the records say now. */
export interface LedgerReaders {
  settings(): NetworkRecord;
  /** An account never seen has nothing and nonce 0. */
  account(id: AccountId): Account;
  prepaid(client: AccountId, market: MarketId): Prepaid | undefined;
  /** First order of the client that no settlement has closed: those before it are settled. */
  nextOrderSeq(client: AccountId, market: MarketId): number;
  expert(market: MarketId, node: NodeId): Expert | undefined;
  experts(market: MarketId): readonly Expert[];
  validator(node: NodeId): Validator | undefined;
  validators(): readonly Validator[];
  market(id: MarketId): Market | undefined;
  markets(): readonly Market[];
  /** Editions of a market that are remembered, the first one first. */
  editions(market: MarketId): readonly EditionRecord[];
  /** All records as they are now, for reading: they change, in one step, with every batch. */
  tables(): LedgerTables;
  /**
   * What the transaction would do if it came now, by the rules themselves. The sender's signature is not needed; those of
   * nodes inside are checked: rejects with `invalid-signature`.
   */
  preview(transaction: Transaction): Promise<Preview>;
  /** What the last epoch's ranking of a market came to. */
  ranking(market: MarketId): Ranking | undefined;
  /** A promise of weights that its validator has not opened yet. */
  weightCommit(market: MarketId, validator: NodeId, epoch: number): WeightCommit | undefined;
  /** Weights in force, of every validator that revealed any. */
  weights(market: MarketId): readonly Weights[];
  /** Σ of all balances, locked money, stakes and pools, counted from the records. */
  totalMicro(): Amount;
  stateRoot(): Hash;
  /** Proof under `stateRoot` of an account's record, or that it has none: `verifyAccountProof` of the protocol. */
  proveAccount(id: AccountId): AccountProof;
}

/**
 * A log and its fold. What the readers show is durable, always: a transaction becomes visible, in one step
 * with its batch, after the log has it on disk and before its `submit` resolves.
 */
export interface Ledger extends LedgerReaders {
  readonly network: string;
  /**
   * Resolves when the transaction is applied and durable. Many at once share one sync to disk; they take
   * effect in the order of the calls. Rejects with a `MoeError`: `invalid-transaction`, `invalid-signature`,
   * one of the transition's refusals (`insufficient-funds`, `wrong-nonce`, …), `overloaded` (retryable),
   * `ledger-closed`, `ledger-failed` (retryable: the disk; whether it was written shows when the ledger goes on),
   * `ledger-broken` (see {@link Ledger.health}), `transaction-failed` (a fault in the rules: nothing was changed).
   */
  submit(signed: SignedTransaction): Promise<Placed>;
  /**
   * Signs `action` with the owner's next nonce and submits it: safe to call many times at once. If one before
   * it is refused, it is signed again with the nonce that is then due.
   */
  transact(keys: Signer, action: Action): Promise<Placed>;
  /** The nonce for the account's next transaction, after those that are being submitted. */
  nextNonce(account: SenderId): number;
  /** Waits until nothing that was submitted before is pending. */
  idle(): Promise<void>;

  /**
   * Where writing fails (a full disk), the ledger refuses transactions with `ledger-failed` and goes on by itself once the
   * log can be written again, with what did reach it. Reading goes on meanwhile.
   */
  health(): LedgerHealth;
  /** Number of entries applied. */
  height(): number;
  /** Chain hash of the last entry: vouches for the whole log. */
  headHash(): Hash;
  entries(fromIndex: number, limit: number): Promise<readonly LedgerEntry[]>;
  /** Called for every entry, in order, once it is visible. */
  onApplied(listener: (entry: LedgerEntry) => void): () => void;
  /** Writes a snapshot of the present state now (one is also written every so many entries). */
  snapshot(): Promise<void>;
  /** Refuses new transactions, finishes pending ones, writes a last snapshot. The log stays open. */
  close(): Promise<void>;
}
