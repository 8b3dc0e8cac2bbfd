import {
  accountIdSchema,
  amountSchema,
  bytesSchema,
  hashSchema,
  marketIdSchema,
  nodeIdSchema,
  type Signed,
} from '@moe/core';
import { z } from 'zod';
import { certificateBodySchema } from '../job/certificate.ts';
import { statementSchema } from '../job/equivocation.ts';
import { commitSchema, orderBodySchema, revealSchema } from '../job/messages.ts';
import { marketTermsSchema } from '../market/terms.ts';
import { LEDGER_LIMITS as limits } from './limits.ts';
import { networkRulesSchema } from './network-rules.ts';

/** Domain of the canonical bytes of a {@link Transaction}: what nodes sign, and what the log holds. */
export const TRANSACTION_DOMAIN = 'moe/transaction/1';

/**
 * Name of one ledger, e.g. `embedded-3f9c`. It stands in everything that is signed for the ledger, so give
 * every network a name of its own: a signature then means nothing in another one.
 */
export const networkIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,62}$/, 'must be 2 to 63 lowercase letters, digits or hyphens');

const positiveAmountSchema = amountSchema.refine((amount) => amount > 0n, 'must be more than 0');
/** Counters that only grow: nonces, order sequence numbers, batch numbers. */
const counterSchema = z
  .int()
  .min(0)
  .max(2 ** 48);
const signatureSchema = bytesSchema(64);
export const nameSchema = z
  .string()
  .regex(
    new RegExp(`^[\\p{L}\\p{N}\\p{P}\\p{S} ]{1,${limits.nameLength}}$`, 'u'),
    `must be 1 to ${limits.nameLength} printable characters`,
  );
/** Published embeddings of the market's calibration set: how many pieces, and the hash of the blob. */
export const calibrationSchema = z.strictObject({
  count: z.int().min(0).max(65_536),
  root: hashSchema,
});

/** Stake backs either an expert in one market or a validator. */
export const stakeTargetSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('expert'), market: marketIdSchema, node: nodeIdSchema }),
  z.strictObject({ role: z.literal('validator'), node: nodeIdSchema }),
]);
/** Most of a fee that an expert takes when another member calls it, in basis points. */
const askBpsSchema = z.int().min(0).max(10_000);
export type StakeTarget = z.infer<typeof stakeTargetSchema>;

const nodeSignatureSchema = z.strictObject({ node: nodeIdSchema, signature: signatureSchema });
/** A node's signature inside a transaction that an owner sends. */
export type NodeSignature = z.infer<typeof nodeSignatureSchema>;

/** Weights of experts, each once, sorted by node; what matters is their proportion. */
const weightsListSchema = z
  .array(z.tuple([nodeIdSchema, z.int().min(0).max(65_535)]))
  .max(limits.expertsPerMarket);

/** The outcome of a batch of certified jobs, netted. Rules: `settlement.ts`. */
export const settlementBodySchema = z.strictObject({
  network: networkIdSchema,
  market: marketIdSchema,
  /** The market's settlements are numbered 0, 1, 2, … */
  batch: counterSchema,
  /** The gateway that served the orders; the clients' money must be locked for it. */
  gateway: nodeIdSchema,
  /**
   * Sorted by client, each once. Closes the client's orders `fromSeq` (inclusive) to `toSeq` (exclusive)
   * and takes what they cost together from the client's locked money.
   */
  orders: z
    .array(
      z.strictObject({
        client: accountIdSchema,
        fromSeq: counterSchema,
        toSeq: counterSchema,
        chargeMicro: amountSchema,
      }),
    )
    .max(limits.settlementRows),
  /** Sorted by account, each once: the market's owner's cut. */
  credits: z
    .array(z.strictObject({ account: accountIdSchema, amountMicro: positiveAmountSchema }))
    .max(limits.settlementRows),
  /**
   * Sorted by node, each once: what experts earned. Shared with who delegated to the node; to `owner` alone where it is
   * registered no more.
   */
  earnings: z
    .array(z.strictObject({ node: nodeIdSchema, owner: accountIdSchema, amountMicro: positiveAmountSchema }))
    .max(limits.settlementRows),
  /** Sorted by node, each once: taken from the expert's stake, as far as it reaches, into the pool. */
  slashes: z
    .array(z.strictObject({ node: nodeIdSchema, amountMicro: amountSchema }))
    .max(limits.settlementRows),
  /** The part of the charges that goes to the market's reward pool (slashes come on top). */
  poolMicro: amountSchema,
  /** Number of certificates in the batch: one for each order closed. */
  certificates: z.int().min(0),
  /** Root over the certificates, so that anyone who holds them can check the netting. */
  root: hashSchema,
});
export type SettlementBody = z.infer<typeof settlementBodySchema>;

export const offenceKindSchema = z.enum([
  'equivocation',
  'wrong-reveal',
  'double-certificate',
  'double-settlement',
  'invalid-settlement',
]);
export type OffenceKind = z.infer<typeof offenceKindSchema>;

const signedSettlementSchema = z.strictObject({ body: settlementBodySchema, signature: signatureSchema });
const signedCertificateSchema = z.strictObject({ body: certificateBodySchema, signature: signatureSchema });
/**
 * What can be shown against a node. Everything in it is signed by that node; where that does not name network and market,
 * the job's `order` does, whose hash is the job's id.
 */
export const misconductSchema = z.discriminatedUnion('kind', [
  /** Two statements of an expert that exclude one another. */
  z.strictObject({
    kind: z.literal('statements'),
    order: orderBodySchema,
    statements: z.tuple([statementSchema, statementSchema]),
  }),
  /** A reveal that does not open the seal its worker committed to. */
  z.strictObject({
    kind: z.literal('reveal'),
    order: orderBodySchema,
    commit: commitSchema,
    reveal: revealSchema,
  }),
  /** A witness certified two outcomes of one job. */
  z.strictObject({
    kind: z.literal('certificates'),
    validator: nodeIdSchema,
    certificates: z.tuple([signedCertificateSchema, signedCertificateSchema]),
  }),
  /** A validator signed two settlements of one number. */
  z.strictObject({
    kind: z.literal('settlements'),
    validator: nodeIdSchema,
    settlements: z.tuple([signedSettlementSchema, signedSettlementSchema]),
  }),
  /** A validator signed a settlement that does not pay what its own detail says. */
  z.strictObject({
    kind: z.literal('settlement'),
    validator: nodeIdSchema,
    settlement: signedSettlementSchema,
    /** The blob whose hash is the settlement's `root`. */
    detail: bytesSchema(limits.evidenceBytes),
  }),
]);
export type Misconduct = z.infer<typeof misconductSchema>;

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
    atMs: z.int().min(0),
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
  /** Prepays a gateway for one market: the money can then only be settled or released. */
  z.strictObject({
    ...header,
    kind: z.literal('lock'),
    market: marketIdSchema,
    gateway: nodeIdSchema,
    amountMicro: positiveAmountSchema,
  }),
  /** Takes locked money back; released by the gateway or by ⅔ of the validator stake. */
  z.strictObject({
    ...header,
    kind: z.literal('unlock'),
    market: marketIdSchema,
    amountMicro: positiveAmountSchema,
    release: z.array(nodeSignatureSchema).min(1).max(limits.validators),
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
    atMs: z.int().min(0),
    signatures: z.array(nodeSignatureSchema).max(limits.validators),
  }),
  z.strictObject({
    ...header,
    ...registration,
    kind: z.literal('registerExpert'),
    market: marketIdSchema,
    /** The quoted price of the registration: charged exactly, or the call fails. */
    depositMicro: amountSchema,
    askMicroPerKilobyte: amountSchema,
    askBps: askBpsSchema,
    calibration: calibrationSchema.exactOptional(),
  }),
  z.strictObject({
    ...header,
    kind: z.literal('updateExpert'),
    market: marketIdSchema,
    node: nodeIdSchema,
    name: nameSchema.exactOptional(),
    askMicroPerKilobyte: amountSchema.exactOptional(),
    askBps: askBpsSchema.exactOptional(),
    calibration: calibrationSchema.exactOptional(),
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
