import type { Amount } from '@market-of-experts/core/amount';
import { amountSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';

/** The numbers of one market (protocol.md). A market changes them only with notice; jobs name their version. */
export interface MarketParameters {
  readonly version: number;
  /** Dimension of the shared embedding space. */
  readonly dimensions: number;
  /** Paid members of a shard, 3 or more. */
  readonly shardSize: number;
  /** Nodes of one owner that take part in one job at most, drawn or called. */
  readonly seatsPerOwner: number;
  /** Witnesses drawn for a job, as far as there are validators. */
  readonly witnesses: number;
  /** Validators whose tickets seed a draw. */
  readonly ticketValidators: number;
  /** Largest share of the total stake that counts in a draw. */
  readonly stakeCapBps: number;
  /** Share of the shard whose commits close the cut. */
  readonly quorumBps: number;
  /** After the quorum, stragglers get this long before they are late. */
  readonly cutGraceMs: number;
  /** Time for the sealed half, from the request. */
  readonly sealedDeadlineMs: number;
  /** Time for the full data, from the request. */
  readonly fullDeadlineMs: number;
  readonly revealDeadlineMs: number;
  /** By how much the clocks of honest nodes may differ: an order is served for so long after its deadline. */
  readonly maximumClockSkewMs: number;
  /** Paid members who must have revealed for the job to be scored; otherwise the fee is refunded. */
  readonly minimumScored: number;
  /** Fewer words than this cannot be masked: served in routed mode. */
  readonly minimumWords: number;
  readonly maximumTextBytes: number;
  /** Pieces of the hidden half, at most 4. */
  readonly pieces: number;
  /** Words of a hidden piece, about as many as a calibration piece has. */
  readonly pieceWords: number;
  /** Hard distractors for each piece. */
  readonly distractors: number;
  /** Calibration pieces drawn for a job, from which the distractors are chosen. */
  readonly distractorPool: number;
  readonly places: number;
  /** k₀: weight of the expert's standing at the place against one job. */
  readonly historyWeight: number;
  /** Jobs by which a place's mean excess is shrunk to the expert's global one, and that to 0. */
  readonly placeShrinkage: number;
  readonly globalShrinkage: number;
  /** Jobs that a newcomer sits in unpaid. */
  readonly probationJobs: number;
  /** Newcomers that sit in on one job at most. */
  readonly probationSeats: number;
  /** Market's cut of every fee. */
  readonly feeBps: number;
  readonly minimumStakeMicro: Amount;
  readonly slashBps: Readonly<Record<SlashReason, number>>;
  readonly declinesPerEpoch: number;
  /** Longest time for which a member may hold a friend that it has called. */
  readonly claimTtlMs: number;
  /** Friends that a member may call for one job, one after the other. */
  readonly maximumClaims: number;
  /** Share of routed jobs that are run as full shard jobs. */
  readonly auditBps: number;
  /** k₀ of what is delivered: paying by one job is fair on average, delivering by it is not. */
  readonly deliveryHistoryWeight: number;
  /** Temperature of the delivered ensemble, in loss. */
  readonly ensembleTemperature: number;
}

export type SlashReason = 'late' | 'outlier' | 'no-reveal' | 'wrong-reveal' | 'equivocation';

const countSchema = z
  .int()
  .min(0)
  .max(2 ** 31);
const bpsSchema = z.int().min(0).max(10_000);

/** The form of {@link MarketParameters}; whether they make sense together is checked by `problemOfTerms`. */
export const marketParametersSchema: z.ZodType<MarketParameters> = z.strictObject({
  version: countSchema,
  dimensions: countSchema,
  shardSize: countSchema,
  seatsPerOwner: countSchema,
  witnesses: countSchema,
  ticketValidators: countSchema,
  stakeCapBps: bpsSchema,
  quorumBps: bpsSchema,
  cutGraceMs: countSchema,
  sealedDeadlineMs: countSchema,
  fullDeadlineMs: countSchema,
  revealDeadlineMs: countSchema,
  maximumClockSkewMs: countSchema,
  minimumScored: countSchema,
  minimumWords: countSchema,
  maximumTextBytes: countSchema,
  pieces: countSchema,
  pieceWords: countSchema,
  distractors: countSchema,
  distractorPool: countSchema,
  places: countSchema,
  historyWeight: countSchema,
  placeShrinkage: countSchema,
  globalShrinkage: countSchema,
  probationJobs: countSchema,
  probationSeats: countSchema,
  feeBps: bpsSchema,
  minimumStakeMicro: amountSchema,
  slashBps: z.strictObject({
    late: bpsSchema,
    outlier: bpsSchema,
    'no-reveal': bpsSchema,
    'wrong-reveal': bpsSchema,
    equivocation: bpsSchema,
  }),
  declinesPerEpoch: countSchema,
  claimTtlMs: countSchema,
  maximumClaims: countSchema,
  auditBps: bpsSchema,
  deliveryHistoryWeight: countSchema,
  ensembleTemperature: z.number().min(0).max(100),
});

/** Share of its stake that an expert loses for having said two things that exclude one another. */
const equivocationSlashBps = 5_000;

export const defaultParameters: MarketParameters = {
  version: 1,
  dimensions: 384,
  shardSize: 5,
  seatsPerOwner: 1,
  witnesses: 3,
  ticketValidators: 2,
  stakeCapBps: 1_000,
  quorumBps: 8_000,
  cutGraceMs: 1_000,
  sealedDeadlineMs: 4_000,
  fullDeadlineMs: 8_000,
  revealDeadlineMs: 8_000,
  maximumClockSkewMs: 120_000,
  minimumScored: 2,
  minimumWords: 12,
  maximumTextBytes: 32 * 1024,
  pieces: 4,
  pieceWords: 12,
  distractors: 32,
  distractorPool: 512,
  places: 64,
  historyWeight: 4,
  placeShrinkage: 16,
  globalShrinkage: 4,
  probationJobs: 20,
  probationSeats: 1,
  feeBps: 200,
  minimumStakeMicro: 100_000_000n,
  slashBps: {
    late: 5,
    outlier: 10,
    'no-reveal': 500,
    'wrong-reveal': 500,
    equivocation: equivocationSlashBps,
  },
  declinesPerEpoch: 3,
  claimTtlMs: 2_000,
  maximumClaims: 4,
  auditBps: 500,
  deliveryHistoryWeight: 16,
  ensembleTemperature: 0.01,
};

/**
 * One machine: three paid seats, so that there are experts outside the shard; one witness and one validator's tickets a
 * job, since all validators are one operator's and every further witness costs as much as the first.
 */
export const embeddedParameters: MarketParameters = {
  ...defaultParameters,
  shardSize: 3,
  witnesses: 1,
  ticketValidators: 1,
  probationSeats: 2,
  minimumStakeMicro: 5_000_000n,
};
