import type { AccountId, Clock, KeyPair, NodeId, OwnerKey, Random } from '@market-of-experts/core';
import type { EmbeddedLedger } from '@market-of-experts/ledger';
import type { Transport } from '@market-of-experts/network';
import type { EditionPart } from '@market-of-experts/protocol';
import type { Slots } from '@market-of-experts/roles/coordinator/slots';
import type { RollCaller } from '@market-of-experts/roles/settlement/roll-caller';
import type { SignerOf } from '@market-of-experts/roles/signing/guarded-signer';
import type { KeyFile } from '../directory/key-file.ts';
import type { JobFeed } from '../events/job-feed.ts';
import type { HouseSpending } from '../house/house-spending.ts';
import type { Clients } from '../house/prepaid.ts';
import type { PrepaidTerms } from '../house/prepaid-keeper.ts';
import type { Space } from '../house/served-terms.ts';
import type { BaseEncoder } from '../house/task-skills.ts';
import type { TextKeys } from '../house/text-keys.ts';
import type { HouseReserve } from '../reserve/reserve.ts';
import type { ValidatorPool } from '../validators/validators.ts';

/** Whom the process acts for: its keys, and what is its own. */
export interface HouseParts {
  readonly keys: KeyFile;
  /** Behind one signing guard for all keys of this process. */
  readonly signerOf: SignerOf;
  /** Of the versions of its experts. */
  readonly textKeys: TextKeys;
  readonly account: AccountId;
  /** Accounts of the house: what they own is its own. */
  readonly ownAccounts: ReadonlySet<AccountId>;
  /** The key of one of them. */
  readonly keyOf: (account: AccountId) => OwnerKey | undefined;
  /** What the treasury has put into markets of others. */
  readonly spending: HouseSpending;
}

/** The gateway's side: one connection, whom it serves, and how it spreads work. */
export interface GatewayParts {
  readonly keys: KeyPair;
  readonly transport: Transport;
  readonly clients: Clients;
  /** What the clients have prepaid. */
  readonly prepaid: PrepaidTerms;
  /** Jobs of all markets share the machine. */
  readonly slots: Slots;
  readonly countTokens: (text: string) => number;
  /** How long decided orders are collected before they are settled together. */
  readonly settleEveryMs: number | undefined;
}

/** Where texts lie in all markets of this process. */
export interface SpaceParts extends Space {
  /** Of the texts that places are fitted to; looked at once. */
  readonly pointsOfTexts: () => Promise<readonly Int16Array[]>;
  /** Experts that are not on probation in a market that begins. */
  readonly founders: readonly NodeId[];
}

/** Of which experts an edition is made where one is made. */
export interface EditionParts {
  readonly parts: readonly EditionPart[];
  /** The owner wants another edition where these are not the parts of the one in force. */
  readonly isRenewed: boolean;
  /** No edition is chosen by exams. */
  readonly isHeld: boolean;
  /** How long an edition is in force at least before exams choose another. */
  readonly leastAgeMs: number;
}

/** What a process has once, however many markets it serves. */
export interface ProcessParts {
  readonly dataDir: string;
  /** The ledger, and the receipts of the first market. */
  readonly embedded: EmbeddedLedger;
  readonly house: HouseParts;
  readonly gateway: GatewayParts;
  readonly space: SpaceParts;
  readonly edition: EditionParts;
  /** Says where texts lie. */
  readonly base: BaseEncoder;
  /** Pairs of texts that experts are audited with, in each market of the house; 0 for none. */
  readonly auditsPerHour: number | undefined;
  /** Texts that fill exams up, in all markets. */
  readonly reserve: HouseReserve;
  readonly validators: ValidatorPool;
  readonly rollCaller: RollCaller;
  readonly feed: JobFeed;
  readonly clock: Clock;
  readonly random: Random;
  readonly onWarning: (message: string) => void;
}
