import {
  accountIdSchema,
  amountSchema,
  hashSchema,
  marketIdSchema,
  nodeIdSchema,
} from '@market-of-experts/core/ids';
import { z } from 'zod';
import { calibrationSchema, nameSchema, networkIdSchema, stakeTargetSchema } from '../../fields/fields.ts';
import { LEDGER_LIMITS as limits } from '../../fields/limits.ts';
import { marketTermsSchema } from '../../terms/terms.ts';
import { networkRulesSchema } from '../transaction/network-rules.ts';
import { offenceKindSchema } from '../transaction/offence-kind.ts';

const countSchema = z.int().min(0);
/** Shares of a pot: worth what the pot holds, and counted anew before there are more than 64 bits hold (`shares.ts`). */
const sharesSchema = z
  .union([z.bigint(), z.int()])
  .transform(BigInt)
  .refine((shares) => shares >= 0n && shares <= 2n ** 63n, 'must be between 0 and 2^63');

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
/**
 * The stake behind a registration, in pots. What is in `stakeMicro` counts in draws and quorums: the owner's own part
 * (`stakeMicro − delegatedMicro`) and what others delegated, of which each holds shares. What is being unbonded counts no
 * more but is slashed with the rest. Rules: `staking.ts`.
 */
const backingShape = {
  owner: accountIdSchema,
  stakeMicro: amountSchema,
  delegatedMicro: amountSchema,
  delegationShares: sharesSchema,
  /** Records of {@link Delegation} on it: of the delegators, and of the owner while he waits for the next epoch. */
  delegationCount: countSchema,
  unbondingMicro: amountSchema,
  unbondingShares: sharesSchema,
  /** Joins the stake when the next epoch begins. */
  pendingMicro: amountSchema,
  /** The owner's part of what delegators' stake earns. */
  commissionBps: countSchema,
  nextCommission: z.strictObject({ bps: countSchema, fromEpoch: countSchema }).exactOptional(),
  registeredEpoch: countSchema,
  /** It serves no more; all that is behind it is paid out when this epoch begins. */
  leavesAtEpoch: countSchema.exactOptional(),
};
const expertSchema = z.strictObject({
  market: marketIdSchema,
  node: nodeIdSchema,
  name: nameSchema,
  ...backingShape,
  askMicroPerKilobyte: amountSchema,
  askBps: countSchema,
  calibration: calibrationSchema.exactOptional(),
  /** Paid for the registration; returned when it ends by its owner's wish after its immunity. */
  depositMicro: amountSchema,
  immuneUntilEpoch: countSchema,
  /** Fees and emission earned in the running epoch and in the last whole one. */
  incomeMicro: amountSchema,
  lastIncomeMicro: amountSchema,
  /** The last epoch in which a settlement punished it, and {@link faultyEpochs} before that one. */
  faults: z.strictObject({ before: countSchema, epoch: countSchema }).exactOptional(),
});
const validatorSchema = z.strictObject({
  node: nodeIdSchema,
  name: nameSchema,
  ...backingShape,
  ticketRoot: hashSchema.exactOptional(),
  /** Stake when the running epoch began: what came later does not rank yet. */
  epochStakeMicro: amountSchema,
  /** Its last sign of life: in which epoch, after which roll call, at which time of the ledger. None: it never gave one. */
  seen: z.strictObject({ epoch: countSchema, call: countSchema, atMs: countSchema }).exactOptional(),
  /** It missed a roll call in that epoch, and was last seen at that time. */
  absent: z.strictObject({ sinceEpoch: countSchema, sinceMs: countSchema }).exactOptional(),
});
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
});
/** What is left of a market that closed: the next one of this name goes on counting where it stopped. */
const closedMarketSchema = z.strictObject({ market: marketIdSchema, nextBatch: countSchema });

/** One delegator's part, or the owner's own stake that waits for the next epoch. */
const delegationSchema = z.strictObject({
  target: stakeTargetSchema,
  account: accountIdSchema,
  shares: sharesSchema,
  pendingMicro: amountSchema,
});
/** Stake on its way out: shares of the target's unbonding pot, until an epoch begins. */
const unbondingSchema = z.strictObject({
  target: stakeTargetSchema,
  account: accountIdSchema,
  releaseEpoch: countSchema,
  shares: sharesSchema,
  /** Where it is delegated next; to the account's balance without it. */
  to: stakeTargetSchema.exactOptional(),
});
/** A node's key was replaced; `next` is its present one, however often it was replaced since. */
const rotationSchema = z.strictObject({
  target: stakeTargetSchema,
  next: nodeIdSchema,
  epoch: countSchema,
});

/** A promise of weights, opened in the epoch after `epoch`. */
const weightCommitSchema = z.strictObject({
  market: marketIdSchema,
  validator: nodeIdSchema,
  epoch: countSchema,
  commitment: hashSchema,
});
const u16Schema = z.int().min(0).max(65_535);
const nodeValuesSchema = z.array(z.tuple([nodeIdSchema, u16Schema])).max(limits.expertsPerMarket);
/** Weights of one validator in one market, as last revealed. */
const weightsSchema = z.strictObject({
  market: marketIdSchema,
  validator: nodeIdSchema,
  /** Epoch in which they were committed. */
  epoch: countSchema,
  values: nodeValuesSchema,
});
const bondsSchema = z.strictObject({
  market: marketIdSchema,
  validator: nodeIdSchema,
  epoch: countSchema,
  values: nodeValuesSchema,
});
/** What the last epoch's ranking of a market came to; shares in 65,535ths. */
const rankingSchema = z.strictObject({
  market: marketIdSchema,
  epoch: countSchema,
  /** Validators that may set weights in the epoch that follows. */
  permits: z.array(nodeIdSchema).max(limits.validators),
  emittedMicro: amountSchema,
  ownerMicro: amountSchema,
  experts: z
    .array(
      z.strictObject({
        node: nodeIdSchema,
        consensus: u16Schema,
        rank: u16Schema,
        trust: u16Schema,
        incentive: u16Schema,
        emissionMicro: amountSchema,
      }),
    )
    .max(limits.expertsPerMarket),
  validators: z
    .array(
      z.strictObject({
        node: nodeIdSchema,
        activeStake: u16Schema,
        validatorTrust: u16Schema,
        dividends: u16Schema,
        emissionMicro: amountSchema,
      }),
    )
    .max(limits.validators),
});

/** That a registration was punished for something proven: once in the time that delegators need to leave. */
const offenceSchema = z.strictObject({
  /** By the key that signed. */
  target: stakeTargetSchema,
  epoch: countSchema,
  kind: offenceKindSchema,
  /** What it was about: a job, or a market's batch. */
  subject: z.string().max(128),
  amountMicro: amountSchema,
  reporter: z.string().max(64),
  rewardMicro: amountSchema,
});

export type NetworkRecord = Readonly<z.infer<typeof networkRecordSchema>>;
export type Account = Readonly<z.infer<typeof accountSchema>>;
/** Money of one client that is locked for one gateway of one market. */
export type Prepaid = Readonly<z.infer<typeof prepaidSchema>>;
export type Expert = Readonly<z.infer<typeof expertSchema>>;
export type Validator = Readonly<z.infer<typeof validatorSchema>>;
export type Market = Readonly<z.infer<typeof marketSchema>>;
type ClosedMarket = Readonly<z.infer<typeof closedMarketSchema>>;
/** The stake behind an expert or a validator. */
export type Backing = Readonly<z.infer<z.ZodObject<typeof backingShape>>>;
export type Delegation = Readonly<z.infer<typeof delegationSchema>>;
export type Unbonding = Readonly<z.infer<typeof unbondingSchema>>;
export type Rotation = Readonly<z.infer<typeof rotationSchema>>;
export type WeightCommit = Readonly<z.infer<typeof weightCommitSchema>>;
export type Weights = Readonly<z.infer<typeof weightsSchema>>;
export type Bonds = Readonly<z.infer<typeof bondsSchema>>;
export type Ranking = Readonly<z.infer<typeof rankingSchema>>;
export type Offence = Readonly<z.infer<typeof offenceSchema>>;

/** What each table holds. */
export interface RecordTypes {
  readonly network: NetworkRecord;
  readonly accounts: Account;
  readonly prepaid: Prepaid;
  readonly experts: Expert;
  readonly validators: Validator;
  readonly markets: Market;
  readonly closedMarkets: ClosedMarket;
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
