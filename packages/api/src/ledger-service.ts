import type { AccountId, MarketId, SenderId } from '@market-of-experts/core';
import type {
  Expert,
  Market,
  RecordChange,
  SignedTransaction,
  Transaction,
  Validator,
} from '@market-of-experts/protocol';
import type { PublishedEdition } from './editions.ts';
import type {
  AccountFacts,
  Metagraph,
  NetworkFacts,
  RegistrationQuote,
  WeightsInForce,
} from './ledger-facts.ts';
import type { EffectFacts, Placed } from './transactions.ts';

/** The ledger of a running market, as programs above it see and change it. Everything shown is durable. */
export interface LedgerService {
  /** Number of transactions in the ledger: what is read at one height stays as it is. */
  height(): number;
  network(): NetworkFacts;
  /** An account never seen has nothing and nonce 0. */
  account(id: AccountId): AccountFacts;
  /** The number that the sender's next transaction must carry. */
  nextNonce(sender: SenderId): number;
  markets(): readonly Market[];
  market(id: MarketId): Market | undefined;
  experts(market: MarketId): readonly Expert[];
  /** That are remembered, the first one first. */
  editions(market: MarketId): readonly PublishedEdition[];
  validators(): readonly Validator[];
  /** Undefined, as below, where there is no such market. */
  weights(market: MarketId): WeightsInForce | undefined;
  metagraph(market: MarketId): Metagraph | undefined;
  /** What a registration in the market costs now. */
  quote(market: MarketId): RegistrationQuote | undefined;
  /** What the transaction would do if it came now; nothing is signed or changed. */
  preview(transaction: Transaction): Promise<TransactionPreview>;
  /** Resolves when the transaction is durable. Rejects as `Ledger.submit` does. */
  submit(signed: SignedTransaction): Promise<Placed>;
}

/** What a transaction would do, with the records themselves. */
export interface TransactionPreview extends Omit<EffectFacts, 'changes'> {
  readonly changes: readonly RecordChange[];
}
