import {
  accountIdSchema,
  amountSchema,
  bytesSchema,
  hashSchema,
  marketIdSchema,
  nodeIdSchema,
} from '@market-of-experts/core/ids';
import { z } from 'zod';
import { EDITION_LIMITS } from '../../editions/edition-limits.ts';
import { examsRecordSchema } from '../../editions/exams-record.ts';
import { networkIdSchema } from '../../fields/fields.ts';
import { LEDGER_LIMITS as limits } from '../../fields/limits.ts';
import { marketTermsSchema } from '../../terms/terms.ts';
import { networkRulesSchema } from '../transaction/network-rules.ts';
import {
  type Delegation,
  delegationSchema,
  type Expert,
  expertSchema,
  type Offence,
  offenceSchema,
  type Rotation,
  rotationSchema,
  type Unbonding,
  unbondingSchema,
  type Validator,
  validatorSchema,
} from './node-records.ts';
import {
  type Bonds,
  bondsSchema,
  type Ranking,
  rankingSchema,
  type WeightCommit,
  type Weights,
  weightCommitSchema,
  weightsSchema,
} from './ranking-records.ts';

const countSchema = z.int().min(0);

/** The beginning of an epoch. */
const liabilityMarkSchema = z.strictObject({ epoch: countSchema, atMs: countSchema });
const networkRecordSchema = z.strictObject({
  network: networkIdSchema,
  /** The account that may deposit. */
  treasury: accountIdSchema,
  minValidatorStakeMicro: amountSchema,
  /** All that genesis, deposits and emission ever credited, less what was burnt: what {@link totalMicro} must give. */
  supplyMicro: amountSchema,
  /** Slashed stake, as far as no reporter got it: nobody has it any more. */
  burntMicro: amountSchema,
  validatorStakeMicro: amountSchema,
  validatorCount: countSchema,
  marketCount: countSchema,
  rules: networkRulesSchema,
  /** The running epoch, and when it began. */
  epoch: countSchema,
  epochStartedMs: countSchema,
  /** Unknown before the epoch began; see `epoch.ts`. */
  beacon: hashSchema,
  /** What the next beacon is made of so far. */
  entropy: hashSchema,
  /** Part of the supply that emission made. */
  mintedMicro: amountSchema,
  /** What was signed since then can be punished; moves on in steps. Rules: `liability.ts`. */
  liability: z.strictObject({ since: liabilityMarkSchema, next: liabilityMarkSchema }),
  /** The treasury's last roll call of validators; number 0 stands for the genesis. Rules: `attendance.ts`. */
  rollCall: z.strictObject({ number: countSchema, atMs: countSchema }),
});
const accountSchema = z.strictObject({
  balanceMicro: amountSchema,
  /** Number that the account's next transaction must carry. */
  nonce: countSchema,
});
const prepaidSchema = z.strictObject({
  gateway: nodeIdSchema,
  /** What is leaving is part of it. */
  lockedMicro: amountSchema,
  /** Goes to the client's balance when that epoch begins, as far as no settlement takes it before; never 0. */
  leaving: z.strictObject({ amountMicro: amountSchema, fromEpoch: countSchema }).exactOptional(),
  /** First order of this client in this market that is not settled yet. */
  nextOrderSeq: countSchema,
});
/** The edition in force: its successor has the next number and names its hash. */
const latestEditionSchema = z.strictObject({ number: countSchema, hash: hashSchema });
const marketSchema = z.strictObject({
  market: marketIdSchema,
  owner: accountIdSchema,
  terms: marketTermsSchema,
  /** Rises with every change of the terms. */
  version: countSchema,
  next: z.strictObject({ terms: marketTermsSchema, fromEpoch: countSchema }).exactOptional(),
  createdEpoch: countSchema,
  /** When the epoch in which it was created began. */
  createdMs: countSchema,
  /** Nobody joins any more; it is gone when this epoch begins. */
  closesAtEpoch: countSchema.exactOptional(),
  /** Paid by who created it, returned when it closes. */
  depositMicro: amountSchema,
  /** Its part of what the network mints, against the other markets of the genesis; 0 for markets opened later. */
  mintWeight: countSchema,
  /** Price of the next registration. */
  registrationMicro: amountSchema,
  expertCount: countSchema,
  /** Forfeited deposits, shares of fees, gifts and new money: what emission is paid from. */
  poolMicro: amountSchema,
  /** Number that the market's next settlement must carry. */
  nextBatch: countSchema,
  /** First batches for which validators can be punished now, and after the next step. */
  liableBatch: z.strictObject({ since: countSchema, next: countSchema }),
  settledOrders: countSchema,
  settledMicro: z.bigint().or(z.int()).transform(BigInt),
  edition: latestEditionSchema.exactOptional(),
});
/** What is left of a market that closed: the next one of this name goes on counting where it stopped. */
const closedMarketSchema = z.strictObject({
  market: marketIdSchema,
  nextBatch: countSchema,
  edition: latestEditionSchema.exactOptional(),
});
const editionRecordSchema = z.strictObject({
  market: marketIdSchema,
  number: countSchema,
  hash: hashSchema,
  /** Its canonical bytes: `readEdition`. */
  edition: bytesSchema(limits.editionBytes),
  /** When it was published, and the beacon of that epoch. */
  epoch: countSchema,
  beacon: hashSchema,
  /** By which it was chosen; none: its owner's choice. */
  exams: examsRecordSchema.exactOptional(),
  /** What its parts get of each service fee since an epoch, in its order, in millionths; none: equal parts. */
  shares: z
    .strictObject({
      epoch: countSchema,
      millionths: z.array(countSchema).min(1).max(EDITION_LIMITS.parts),
      exams: examsRecordSchema,
    })
    .exactOptional(),
});

export type NetworkRecord = Readonly<z.infer<typeof networkRecordSchema>>;
export type Account = Readonly<z.infer<typeof accountSchema>>;
/** Money of one client that is locked for one gateway of one market. */
export type Prepaid = Readonly<z.infer<typeof prepaidSchema>>;
export type Market = Readonly<z.infer<typeof marketSchema>>;
/** An edition of a market as the ledger remembers it. */
export type EditionRecord = Readonly<z.infer<typeof editionRecordSchema>>;
export type ClosedMarket = Readonly<z.infer<typeof closedMarketSchema>>;

/** What each table holds. */
export interface RecordTypes {
  readonly network: NetworkRecord;
  readonly accounts: Account;
  readonly prepaid: Prepaid;
  readonly experts: Expert;
  readonly validators: Validator;
  readonly markets: Market;
  readonly closedMarkets: ClosedMarket;
  readonly editions: EditionRecord;
  readonly delegations: Delegation;
  readonly unbondings: Unbonding;
  readonly rotations: Rotation;
  readonly weightCommits: WeightCommit;
  readonly weights: Weights;
  readonly bonds: Bonds;
  readonly rankings: Ranking;
  readonly offences: Offence;
}
export type TableName = keyof RecordTypes;

/** Schemas of the records of each table, for what reads a state back from outside. */
export const recordSchemas: { readonly [Name in TableName]: z.ZodType<RecordTypes[Name]> } = {
  network: networkRecordSchema,
  accounts: accountSchema,
  prepaid: prepaidSchema,
  experts: expertSchema,
  validators: validatorSchema,
  markets: marketSchema,
  closedMarkets: closedMarketSchema,
  editions: editionRecordSchema,
  delegations: delegationSchema,
  unbondings: unbondingSchema,
  rotations: rotationSchema,
  weightCommits: weightCommitSchema,
  weights: weightsSchema,
  bonds: bondsSchema,
  rankings: rankingSchema,
  offences: offenceSchema,
};
export const tableNames = Object.keys(recordSchemas) as readonly TableName[];
