import {
  accountIdSchema,
  amountSchema,
  bytesSchema,
  hashSchema,
  marketIdSchema,
  nodeIdSchema,
  type Signed,
} from '@market-of-experts/core';
import { z } from 'zod';
import { EDITION_LIMITS } from '../../editions/edition-limits.ts';
import { examsRecordSchema } from '../../editions/exams-record.ts';
import {
  counterSchema,
  nameSchema,
  networkIdSchema,
  nodeSignatureSchema,
  positiveAmountSchema,
  signatureSchema,
  stakeTargetSchema,
  weightsListSchema,
} from '../../fields/fields.ts';
import { LEDGER_LIMITS as limits } from '../../fields/limits.ts';
import { settlementBodySchema } from '../../settlement/settlement-body.ts';
import { modelVersionSchema } from '../../statements/model-version.ts';
import { marketTermsSchema } from '../../terms/terms.ts';
import { LEDGER_TIME } from './ledger-time.ts';
import { misconductSchema } from './misconduct.ts';
import { networkRulesSchema } from './network-rules.ts';

/** Domain of the canonical bytes of a {@link Transaction}: what nodes sign, and what the log holds. */
export const TRANSACTION_DOMAIN = 'moe/transaction/1';

/** Most of a fee that an expert takes when another member calls it, in basis points. */
const askBpsSchema = z.int().min(0).max(10_000);

const marketDefinitionSchema = z.strictObject({
  market: marketIdSchema,
  owner: accountIdSchema,
  terms: marketTermsSchema,
  /** Its part of what the network mints, against the other markets here; default 1. */
  mintWeight: z.int().min(0).max(65_535).exactOptional(),
});

const header = { network: networkIdSchema, from: accountIdSchema, nonce: counterSchema };
/** Sent by a node with its own key: work, which moves nothing of its own. */
const nodeHeader = { ...header, from: nodeIdSchema };
/** Sent by an owner or a registered node. */
const eitherHeader = { ...header, from: z.union([accountIdSchema, nodeIdSchema]) };
const timeSchema = z.int().min(0).max(LEDGER_TIME.latestMs);
const commissionSchema = z.int().min(0).max(10_000);
const registration = {
  node: nodeIdSchema,
  name: nameSchema,
  stakeMicro: amountSchema,
  /** The owner's part of what delegated stake earns; default all of it. */
  commissionBps: commissionSchema.exactOptional(),
  /** The node's agreement to serve this owner ({@link NODE_CONSENT_DOMAIN}): nobody can take another's node. */
  consent: signatureSchema,
};

/** Everything that can change a ledger. `from` is the owner who signs, `nonce` the owner's next number. */
export const transactionSchema = z.discriminatedUnion('kind', [
  /** First entry of a log. The sender becomes the treasury: the only account that may deposit. */
  z.strictObject({
    ...header,
    kind: z.literal('genesis'),
    /** When the first epoch begins. */
    atMs: timeSchema,
    rules: networkRulesSchema,
    minValidatorStakeMicro: amountSchema,
    balances: z
      .array(z.strictObject({ account: accountIdSchema, amountMicro: amountSchema }))
      .max(limits.genesisBalances),
    markets: z.array(marketDefinitionSchema).max(limits.markets),
  }),
  /** Custody bridge: the treasury credits what it received outside. */
  z.strictObject({
    ...header,
    kind: z.literal('deposit'),
    to: accountIdSchema,
    amountMicro: positiveAmountSchema,
    /** Where the money came from, e.g. a payment's id. */
    reference: z.string().max(128),
  }),
  z.strictObject({
    ...header,
    kind: z.literal('transfer'),
    to: accountIdSchema,
    amountMicro: positiveAmountSchema,
  }),
  /** Prepays a gateway for one market: the money can then only be settled, or unlocked with notice. */
  z.strictObject({
    ...header,
    kind: z.literal('lock'),
    market: marketIdSchema,
    gateway: nodeIdSchema,
    amountMicro: positiveAmountSchema,
  }),
  /** Announces that locked money goes back; in a market that is gone it does so at once. Rules: `prepaid.ts`. */
  z.strictObject({
    ...header,
    kind: z.literal('unlock'),
    market: marketIdSchema,
    amountMicro: positiveAmountSchema,
  }),
  z.strictObject({
    ...header,
    kind: z.literal('stake'),
    target: stakeTargetSchema,
    amountMicro: positiveAmountSchema,
  }),
  z.strictObject({
    ...header,
    kind: z.literal('unstake'),
    target: stakeTargetSchema,
    amountMicro: positiveAmountSchema,
  }),
  /** Stakes on somebody else's node from the next epoch on. */
  z.strictObject({
    ...header,
    kind: z.literal('delegate'),
    target: stakeTargetSchema,
    amountMicro: positiveAmountSchema,
  }),
  z.strictObject({
    ...header,
    kind: z.literal('undelegate'),
    target: stakeTargetSchema,
    amountMicro: positiveAmountSchema,
  }),
  /** Undelegates, and delegates to another node when the unbonding is over. */
  z.strictObject({
    ...header,
    kind: z.literal('redelegate'),
    target: stakeTargetSchema,
    to: stakeTargetSchema,
    amountMicro: positiveAmountSchema,
  }),
  /** Announces the owner's part of what delegated stake earns; it begins after the network's notice. */
  z.strictObject({
    ...header,
    kind: z.literal('setCommission'),
    target: stakeTargetSchema,
    commissionBps: commissionSchema,
  }),
  /** Replaces a node's key, e.g. one that was lost; stake and registration stay. */
  z.strictObject({
    ...header,
    kind: z.literal('rotate'),
    target: stakeTargetSchema,
    next: nodeIdSchema,
    /** The new key's agreement. */
    consent: signatureSchema,
  }),
  /** Opens a market; the network's deposit stays with it until it closes. */
  z.strictObject({
    ...header,
    kind: z.literal('createMarket'),
    market: marketIdSchema,
    terms: marketTermsSchema,
  }),
  /** Announces new terms; they begin after the network's notice. */
  z.strictObject({
    ...header,
    kind: z.literal('updateMarket'),
    market: marketIdSchema,
    terms: marketTermsSchema,
  }),
  z.strictObject({ ...header, kind: z.literal('closeMarket'), market: marketIdSchema }),
  /** A gift to a market's pool, from which emission is paid. */
  z.strictObject({
    ...header,
    kind: z.literal('fundMarket'),
    market: marketIdSchema,
    amountMicro: positiveAmountSchema,
  }),
  /** From now on the market serves who names it alone by this edition. Rules: `publish-edition.ts`. */
  z.strictObject({
    ...header,
    kind: z.literal('publishEdition'),
    market: marketIdSchema,
    /** Its canonical bytes. */
    edition: bytesSchema(limits.editionBytes),
    /** By which it was chosen by the published rule; none: its owner's choice. */
    exams: examsRecordSchema.exactOptional(),
  }),
  /** What the parts of the edition in force get of each service fee from now on, in its order. Rules: `publish-shares.ts`. */
  z.strictObject({
    ...header,
    kind: z.literal('publishShares'),
    market: marketIdSchema,
    /** Number of the edition. */
    edition: counterSchema,
    epoch: counterSchema,
    /** Together 1,000,000. */
    millionths: z.array(z.int().min(0).max(1_000_000)).min(1).max(EDITION_LIMITS.parts),
    exams: examsRecordSchema,
  }),
  /** A validator promises weights in the running epoch: {@link weightsCommitment}. */
  z.strictObject({
    ...nodeHeader,
    kind: z.literal('commitWeights'),
    market: marketIdSchema,
    epoch: counterSchema,
    commitment: hashSchema,
  }),
  /** … and opens the promise of the epoch before. */
  z.strictObject({
    ...nodeHeader,
    kind: z.literal('revealWeights'),
    market: marketIdSchema,
    /** Of the commit. */
    epoch: counterSchema,
    weights: weightsListSchema,
    salt: hashSchema,
  }),
  /** Ends an epoch: weights are ranked, emission is paid, what was announced begins. Rules: `epoch.ts`. */
  z.strictObject({
    ...eitherHeader,
    kind: z.literal('endEpoch'),
    epoch: counterSchema,
    /** When, by the clocks of those who sign: {@link EpochEnd}. */
    atMs: timeSchema,
    signatures: z.array(nodeSignatureSchema).max(limits.validators),
  }),
  /** The treasury asks which validators are there: who does not answer does not count. Rules: `attendance.ts`. */
  z.strictObject({ ...header, kind: z.literal('rollCall'), atMs: timeSchema }),
  /** A validator's sign of life: its first one makes it count. `call` is the number of the last roll call. */
  z.strictObject({ ...nodeHeader, kind: z.literal('heartbeat'), call: counterSchema }),
  z.strictObject({
    ...header,
    ...registration,
    kind: z.literal('registerExpert'),
    market: marketIdSchema,
    /** The quoted price of the registration: charged exactly, or the call fails. */
    depositMicro: amountSchema,
    askMicroPerKilobyte: amountSchema,
    askBps: askBpsSchema,
    /** What it is at first; without one it makes no statements. */
    version: modelVersionSchema.exactOptional(),
  }),
  /** Says that the expert is another function from now on: its statements name this version. Rules: `model-versions.ts`. */
  z.strictObject({
    ...header,
    kind: z.literal('setModelVersion'),
    market: marketIdSchema,
    node: nodeIdSchema,
    version: modelVersionSchema,
  }),
  z.strictObject({
    ...header,
    kind: z.literal('updateExpert'),
    market: marketIdSchema,
    node: nodeIdSchema,
    name: nameSchema.exactOptional(),
    askMicroPerKilobyte: amountSchema.exactOptional(),
    askBps: askBpsSchema.exactOptional(),
  }),
  z.strictObject({
    ...header,
    kind: z.literal('registerValidator'),
    ...registration,
    ticketRoot: hashSchema.exactOptional(),
  }),
  z.strictObject({
    ...header,
    kind: z.literal('updateValidator'),
    node: nodeIdSchema,
    name: nameSchema.exactOptional(),
    ticketRoot: hashSchema.exactOptional(),
  }),
  /** Ends a registration; the whole stake returns to the owner. */
  z.strictObject({ ...header, kind: z.literal('deregister'), target: stakeTargetSchema }),
  /** Provable misbehaviour. Anybody may send it and is rewarded. Rules: `evidence.ts`. */
  z.strictObject({
    ...eitherHeader,
    kind: z.literal('evidence'),
    market: marketIdSchema,
    proof: misconductSchema,
  }),
  z.strictObject({
    ...eitherHeader,
    kind: z.literal('settle'),
    settlement: settlementBodySchema,
    signatures: z.array(nodeSignatureSchema).min(1).max(limits.validators),
  }),
]);

export type Transaction = z.infer<typeof transactionSchema>;
export type TransactionKind = Transaction['kind'];
/** The transaction of one kind. */
export type TransactionOf<Kind extends TransactionKind> = Extract<Transaction, { readonly kind: Kind }>;
type WithoutHeader<T> = T extends Transaction ? Omit<T, 'network' | 'from' | 'nonce'> : never;
/** What an owner wants done; the ledger's client adds network, sender and nonce. */
export type Action = WithoutHeader<Transaction>;
export type ActionOf<Kind extends TransactionKind> = WithoutHeader<TransactionOf<Kind>>;

export type SignedTransaction = Signed<Transaction>;
