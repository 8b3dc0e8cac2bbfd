import type { AccountId, Amount, Hash, MarketId, NodeId, SenderId } from '@market-of-experts/core';
import type {
  DestinationWarning,
  Expert,
  Market,
  NetworkRules,
  RecordChange,
  RefusalCode,
  SignedTransaction,
  StakeTarget,
  Transaction,
  Validator,
} from '@market-of-experts/protocol';

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
  validators(): readonly Validator[];
  /** Undefined, as below, where there is no such market. */
  weights(market: MarketId): WeightsInForce | undefined;
  metagraph(market: MarketId): Metagraph | undefined;
  /** What a registration in the market costs now. */
  quote(market: MarketId): RegistrationQuote | undefined;
  /** What the transaction would do if it came now; nothing is signed or changed. */
  preview(transaction: Transaction): Promise<TransactionPreview>;
  /** Resolves when the transaction is durable. Rejects as `Ledger.submit` does. */
  submit(signed: SignedTransaction): Promise<{ readonly index: number; readonly height: number }>;
}

export interface NetworkFacts {
  readonly network: string;
  /** The running epoch; the next begins at `epochEndsMs` or later. */
  readonly epoch: number;
  readonly epochStartedMs: number;
  readonly epochEndsMs: number;
  readonly rules: NetworkRules;
  readonly beacon: Hash;
  readonly treasury: AccountId;
  readonly supplyMicro: Amount;
  readonly mintedMicro: Amount;
  /** Slashed stake that nobody has any more. */
  readonly burntMicro: Amount;
  readonly minValidatorStakeMicro: Amount;
  readonly validatorStakeMicro: Amount;
  readonly attendance: AttendanceFacts;
  readonly height: number;
  readonly stateRoot: Hash;
}

/** Which validators are there. Settlements need two thirds of `presentMicro`, and more than a third of `seatedMicro`. */
export interface AttendanceFacts {
  readonly presentMicro: Amount;
  /** With those that are absent and have not lost their seats yet. */
  readonly seatedMicro: Amount;
  /** Number of the last roll call, and how long validators have to answer it. */
  readonly rollCall: number;
  readonly answerUntilMs: number;
  /** By stake. */
  readonly missing: readonly MissingValidator[];
  /** The same for people: who is missing, since when, and what will happen when. None where all are there. */
  readonly sentences: readonly string[];
}

export interface MissingValidator {
  readonly node: NodeId;
  readonly name: string;
  readonly stakeMicro: Amount;
  /** Never started; did not answer the last roll call yet; not waited for any more. */
  readonly state: 'new' | 'silent' | 'absent';
  /** Epoch of its registration where it was never started, otherwise of its last sign of life. */
  readonly sinceEpoch: number;
  readonly sinceMs?: number;
  /** While it has a seat. */
  readonly seatEndsAtEpoch?: number;
}

export interface AccountFacts {
  readonly account: AccountId;
  readonly balanceMicro: Amount;
  readonly nonce: number;
  /** Prepaid in all markets: `prepaid` has the parts. */
  readonly lockedMicro: Amount;
  readonly prepaid: readonly {
    readonly market: MarketId;
    readonly gateway: NodeId;
    readonly lockedMicro: Amount;
    /** The part of it that goes to the balance when that epoch begins, unless work is paid from it before. */
    readonly leaving?: { readonly amountMicro: Amount; readonly fromEpoch: number };
  }[];
  /** Nodes that the account registered. */
  readonly nodes: readonly OwnedNode[];
  /** What it staked on nodes of others. */
  readonly delegations: readonly {
    readonly target: StakeTarget;
    readonly name: string;
    readonly valueMicro: Amount;
    /** Joins when the next epoch begins. */
    readonly pendingMicro: Amount;
  }[];
  /** What is on its way out, at what it is worth now. */
  readonly unbondings: readonly {
    readonly target: StakeTarget;
    readonly valueMicro: Amount;
    readonly releaseEpoch: number;
    /** Where it is delegated then; paid out without it. */
    readonly to?: StakeTarget;
  }[];
}

export interface OwnedNode {
  readonly target: StakeTarget;
  readonly name: string;
  /** All that counts, the part of others included. */
  readonly stakeMicro: Amount;
  readonly ownMicro: Amount;
  readonly delegatedMicro: Amount;
  /** The owner's own that joins when the next epoch begins. */
  readonly pendingMicro: Amount;
  readonly unbondingMicro: Amount;
  readonly commissionBps: number;
  readonly nextCommission?: { readonly bps: number; readonly fromEpoch: number };
  readonly registeredEpoch: number;
  readonly leavesAtEpoch?: number;
}

export interface WeightsInForce {
  /** The running epoch. */
  readonly epoch: number;
  readonly rows: readonly {
    readonly validator: NodeId;
    readonly name: string;
    /** In which they were promised. */
    readonly epoch: number;
    readonly weights: readonly { readonly node: NodeId; readonly name: string; readonly weight: number }[];
  }[];
  /** Names of validators with a promise that is not opened yet. */
  readonly promised: readonly string[];
}

/** Everybody who ranks or is ranked in a market. */
export interface Metagraph {
  readonly market: MarketId;
  readonly epoch: number;
  /** The epoch whose ranking this is; 0 before the first. */
  readonly rankedEpoch: number;
  /** What that epoch paid, and the part of the market's owner in it. */
  readonly emittedMicro: Amount;
  readonly ownerMicro: Amount;
  /** Experts by incentive, then validators by stake. */
  readonly nodes: readonly MetagraphNode[];
}

/** Shares are from 0 to 1. */
export interface MetagraphNode {
  readonly node: NodeId;
  readonly name: string;
  /** The name, with the beginning of the node's id where another of the same role looks like it. */
  readonly shownAs: string;
  readonly role: 'expert' | 'validator';
  readonly owner: AccountId;
  readonly stakeMicro: Amount;
  readonly delegatedMicro: Amount;
  readonly rank: number;
  readonly trust: number;
  readonly consensus: number;
  readonly incentive: number;
  readonly dividends: number;
  readonly validatorTrust: number;
  readonly emissionMicro: Amount;
  /** A validator that may set weights. */
  readonly permit: boolean;
  /** A validator whose weights counted, an expert in service. */
  readonly active: boolean;
  /** A validator that was never started is `new`, one that is not waited for `absent`. */
  readonly state: 'serving' | 'leaving' | 'new' | 'absent';
  readonly registeredEpoch: number;
  /** Not pruned yet. */
  readonly immune: boolean;
}

export interface RegistrationQuote {
  readonly market: MarketId;
  readonly epoch: number;
  /** To be sent as the registration's `depositMicro`. */
  readonly registrationMicro: Amount;
  readonly minimumStakeMicro: Amount;
  readonly expertCount: number;
  readonly maximumExperts: number;
}

export interface TransactionPreview {
  readonly outcome:
    | { readonly applied: true }
    | {
        readonly applied: false;
        readonly code: RefusalCode | 'invalid-signature';
        readonly message: string;
      };
  readonly changes: readonly RecordChange[];
  /** What leaves the sender's balance; less than 0 where something comes in. */
  readonly costMicro: Amount;
  /** What would come of it, in one sentence made from the changes and not from what was asked for. */
  readonly headline: string;
  /** Sentences for the person who is about to sign. */
  readonly summary: readonly string[];
  /** What is hardly ever meant. Who signs should say that it is. */
  readonly warnings: readonly DestinationWarning[];
  /** Entries of the ledger before it: sent as the next one, it does exactly this. */
  readonly height: number;
}
