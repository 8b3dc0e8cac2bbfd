import type { Amount, MarketId } from '@market-of-experts/core';

/** What `moe up` was asked to do. */
export interface UpOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly dataDirectory: string;
  readonly hasTour: boolean;
  readonly hasTraining: boolean;
  /** Whether the experts' asks for being called follow demand. */
  readonly hasPricing: boolean;
  /** Validators to run. */
  readonly validators: number;
  /** Whether the last of them lies about losses, to show what that costs. */
  readonly hasLiar: boolean;
  /** Length of an epoch of a new network. */
  readonly epochMs: number;
  /** The operator says that the clock is right, though the ledger's time is far from it. */
  readonly acceptsClock: boolean;
  /** Catalogue names of the experts to start; `undefined` for the usual ones. */
  readonly experts: readonly string[] | undefined;
  /** Makes another edition where the experts are not those of the one in force. */
  readonly hasNewEdition: boolean;
  /** Keeps the edition in force, whatever exams prove. */
  readonly isEditionHeld: boolean;
  /** Markets of others that the house joins from now on. */
  readonly joinMarkets: readonly MarketId[];
  /** What it may put into all of them together; as chosen before without it. */
  readonly joinBudgetMicro: Amount | undefined;
  /** Goes on with a data directory that is an older copy, as the operator decided. */
  readonly acceptsOlderCopy: boolean;
  /** What the treasury adds to the account of the API key, in all; 100,000 credits without it. */
  readonly prepaidBudgetMicro: Amount | undefined;
  /** Log lines as JSON. */
  readonly isJson: boolean;
}
