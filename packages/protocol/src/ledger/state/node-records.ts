import {
  accountIdSchema,
  amountSchema,
  hashSchema,
  marketIdSchema,
  nodeIdSchema,
} from '@market-of-experts/core/ids';
import { z } from 'zod';
import { nameSchema, stakeTargetSchema } from '../../fields/fields.ts';
import { LEDGER_LIMITS as limits } from '../../fields/limits.ts';
import { modelVersionSchema } from '../../statements/model-version.ts';
import { offenceKindSchema } from '../transaction/offence-kind.ts';

/** Records of registered nodes and of the stake behind them. */
const countSchema = z.int().min(0);

/** Shares of a pot: worth what the pot holds, and counted anew before there are more than 64 bits hold (`shares.ts`). */
const sharesSchema = z
  .union([z.bigint(), z.int()])
  .transform(BigInt)
  .refine((shares) => shares >= 0n && shares <= 2n ** 63n, 'must be between 0 and 2^63');

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
export const expertSchema = z.strictObject({
  market: marketIdSchema,
  node: nodeIdSchema,
  name: nameSchema,
  ...backingShape,
  askMicroPerKilobyte: amountSchema,
  askBps: countSchema,
  /** Paid for the registration; returned when it ends by its owner's wish after its immunity. */
  depositMicro: amountSchema,
  immuneUntilEpoch: countSchema,
  /** Fees and emission earned in the running epoch and in the last whole one. */
  incomeMicro: amountSchema,
  lastIncomeMicro: amountSchema,
  /** The last epoch in which a settlement punished it, and {@link faultyEpochs} before that one. */
  faults: z.strictObject({ before: countSchema, epoch: countSchema }).exactOptional(),
  /** What it says that it is, the version in force last; each until the next. Rules: `model-versions.ts`. */
  versions: z
    .array(z.strictObject({ version: modelVersionSchema, fromEpoch: countSchema }))
    .min(1)
    .max(limits.versionsPerExpert)
    .exactOptional(),
});
export const validatorSchema = z.strictObject({
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

/** One delegator's part, or the owner's own stake that waits for the next epoch. */
export const delegationSchema = z.strictObject({
  target: stakeTargetSchema,
  account: accountIdSchema,
  shares: sharesSchema,
  pendingMicro: amountSchema,
});
/** Stake on its way out: shares of the target's unbonding pot, until an epoch begins. */
export const unbondingSchema = z.strictObject({
  target: stakeTargetSchema,
  account: accountIdSchema,
  releaseEpoch: countSchema,
  shares: sharesSchema,
  /** Where it is delegated next; to the account's balance without it. */
  to: stakeTargetSchema.exactOptional(),
});
/** A node's key was replaced; `next` is its present one, however often it was replaced since. */
export const rotationSchema = z.strictObject({
  target: stakeTargetSchema,
  next: nodeIdSchema,
  epoch: countSchema,
});

/** That a registration was punished for something proven: once in the time that delegators need to leave. */
export const offenceSchema = z.strictObject({
  /** By the key that signed. */
  target: stakeTargetSchema,
  epoch: countSchema,
  kind: offenceKindSchema,
  /** What it was about: a job, a market's batch, or a text by its hash. */
  subject: z.string().max(128),
  amountMicro: amountSchema,
  reporter: z.string().max(64),
  rewardMicro: amountSchema,
});

/** The stake behind an expert or a validator. */
export type Backing = Readonly<z.infer<z.ZodObject<typeof backingShape>>>;
export type Expert = Readonly<z.infer<typeof expertSchema>>;
export type Validator = Readonly<z.infer<typeof validatorSchema>>;
export type Delegation = Readonly<z.infer<typeof delegationSchema>>;
export type Unbonding = Readonly<z.infer<typeof unbondingSchema>>;
export type Rotation = Readonly<z.infer<typeof rotationSchema>>;
export type Offence = Readonly<z.infer<typeof offenceSchema>>;
