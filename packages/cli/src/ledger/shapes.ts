import { accountIdSchema, marketIdSchema, nodeIdSchema } from '@market-of-experts/core';
import { networkIdSchema } from '@market-of-experts/protocol';
import { z } from 'zod';
import { shownText } from '../market/shown-text.ts';

/** Amounts cross HTTP as decimal strings of micro-credits. */
const micro = z.union([z.string().regex(/^-?\d{1,30}$/), z.int()]).transform((value) => BigInt(value));
const epoch = z.int().min(0);
const bps = z.int().min(0).max(10_000);
const shortText = shownText(200);
/** Share as a fraction of 1. */
const share = z.number();

/** Experts are named by market and node, validators by node. */
const target = z.discriminatedUnion('role', [
  z.object({ role: z.literal('expert'), market: marketIdSchema, node: nodeIdSchema }),
  z.object({ role: z.literal('validator'), node: nodeIdSchema }),
]);

export const networkSchema = z.object({
  network: networkIdSchema,
  epoch,
  epochStartedMs: z.number(),
  epochEndsMs: z.number(),
  rules: z.object({
    epochMs: z.number(),
    unbondingEpochs: epoch,
    noticeEpochs: epoch,
    answerMs: z.number(),
    seatEpochs: epoch,
    minDelegationMicro: micro,
    minBalanceMicro: micro,
    marketDepositMicro: micro,
    reporterBps: bps,
    validatorSlashBps: bps,
    mint: z.object({ perEpochMicro: micro, halvingEpochs: z.number(), capMicro: micro }),
  }),
  treasury: accountIdSchema,
  supplyMicro: micro,
  mintedMicro: micro,
  burntMicro: micro,
  validatorStakeMicro: micro,
  attendance: z.object({
    presentMicro: micro,
    seatedMicro: micro,
    sentences: z.array(z.string().max(2_000)).max(100),
  }),
  height: z.number(),
});
export type Network = z.infer<typeof networkSchema>;

export const accountSchema = z.object({
  account: accountIdSchema,
  balanceMicro: micro,
  nonce: z.int().min(0),
  lockedMicro: micro,
  prepaid: z
    .array(
      z.object({
        market: marketIdSchema,
        lockedMicro: micro,
        leaving: z.object({ amountMicro: micro, fromEpoch: epoch }).optional(),
      }),
    )
    .default([]),
  nodes: z
    .array(
      z.object({
        target,
        name: shortText,
        stakeMicro: micro,
        ownMicro: micro,
        delegatedMicro: micro,
        pendingMicro: micro,
        leavesAtEpoch: epoch.optional(),
      }),
    )
    .default([]),
  delegations: z
    .array(z.object({ target, name: shortText, valueMicro: micro, pendingMicro: micro }))
    .default([]),
  unbondings: z
    .array(z.object({ target, valueMicro: micro, releaseEpoch: epoch, to: target.optional() }))
    .default([]),
});
export type AccountAnswer = z.infer<typeof accountSchema>;

const market = z.looseObject({
  market: marketIdSchema,
  owner: accountIdSchema,
  version: z.int(),
  terms: z.looseObject({
    title: shownText(200),
    maximumExperts: z.int(),
    emission: z.object({ perEpochMicro: micro, halvingEpochs: z.number(), ownerShareBps: bps }),
    parameters: z.looseObject({ minimumStakeMicro: micro, feeBps: bps }),
    registration: z.object({ floorMicro: micro, capMicro: micro, riseBps: z.int(), decayBps: bps }),
  }),
  next: z.looseObject({ fromEpoch: epoch }).optional(),
  closesAtEpoch: epoch.optional(),
  /** Its part of the money that the network makes, against the others'. */
  mintWeight: z.int().default(0),
  expertCount: z.int(),
  registrationMicro: micro,
  poolMicro: micro,
  depositMicro: micro,
});
export type MarketAnswer = z.infer<typeof market>;
export const marketAnswerSchema = market;
export const marketsSchema = z.object({ markets: z.array(market) });

export const validatorsSchema = z.object({
  validators: z.array(
    z.object({
      node: nodeIdSchema,
      name: shortText,
      owner: accountIdSchema,
      stakeMicro: micro,
      delegatedMicro: micro,
      commissionBps: bps,
      nextCommission: z.object({ bps, fromEpoch: epoch }).optional(),
      leavesAtEpoch: epoch.optional(),
      registeredEpoch: epoch,
      /** Its last sign of life; none: never started. */
      seen: z.object({ epoch, atMs: z.number() }).optional(),
      absent: z.object({ sinceEpoch: epoch, sinceMs: z.number() }).optional(),
    }),
  ),
});
export type Validators = z.infer<typeof validatorsSchema>;

export const weightsSchema = z.object({
  epoch,
  rows: z.array(
    z.object({
      validator: nodeIdSchema,
      name: shortText,
      epoch,
      weights: z.array(z.object({ node: nodeIdSchema, name: shortText, weight: z.number() })),
    }),
  ),
  promised: z.array(z.unknown()).default([]),
});
export type WeightsAnswer = z.infer<typeof weightsSchema>;

export const metagraphSchema = z.object({
  market: marketIdSchema,
  epoch,
  /** 0 before the first. */
  rankedEpoch: epoch,
  emittedMicro: micro,
  ownerMicro: micro,
  nodes: z.array(
    z.object({
      node: nodeIdSchema,
      name: shortText,
      role: z.enum(['expert', 'validator']),
      owner: accountIdSchema,
      stakeMicro: micro,
      delegatedMicro: micro,
      trust: share,
      consensus: share,
      incentive: share,
      dividends: share,
      validatorTrust: share,
      emissionMicro: micro,
      permit: z.boolean(),
      active: z.boolean(),
      state: shortText,
      registeredEpoch: epoch,
      immune: z.boolean(),
    }),
  ),
});
export type Metagraph = z.infer<typeof metagraphSchema>;

const outcome = z.discriminatedUnion('applied', [
  z.object({ applied: z.literal(true) }),
  z.object({ applied: z.literal(false), code: shownText(64), message: shownText(2_000) }),
]);
const record = z.record(z.string(), z.unknown());
export const previewSchema = z.object({
  transaction: record,
  /** EIP-712, as a wallet would be asked to sign it. */
  typedData: record.optional(),
  outcome,
  changes: z
    .array(
      z.object({
        table: shownText(64),
        key: shownText(300),
        before: record.nullish(),
        after: record.nullish(),
      }),
    )
    .max(100_000),
  costMicro: micro,
  headline: shownText(20_000),
  summary: z.array(shownText(2_000)).max(100).default([]),
  warnings: z.array(z.object({ code: shownText(64), message: shownText(2_000) })).max(20),
  height: z.int().nonnegative(),
});
export type PreviewAnswer = z.infer<typeof previewSchema>;

export const receiptSchema = z.object({ index: z.number(), height: z.number() });
