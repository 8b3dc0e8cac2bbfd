import { z } from 'zod';
import {
  defaultExamParameters,
  type ExamParameters,
  examParametersShape as task,
} from '../tasks/embedding/exam/exam-parameters.ts';
import { defaultJobParameters, type JobParameters, jobParametersShape as job } from './job-parameters.ts';
import {
  defaultMoneyParameters,
  type MoneyParameters,
  moneyParametersShape as money,
} from './money-parameters.ts';

/**
 * The numbers of one market (docs/run/market-owner.md). A market changes them only with notice; jobs name their version. One flat record,
 * since rosters and terms are signed in this form; code takes the group that it needs.
 */
export interface MarketParameters extends JobParameters, MoneyParameters, ExamParameters {}

/** In the order in which terms are printed; that of the signed bytes is the encoding's own. */
const shape = {
  version: job.version,
  dimensions: task.dimensions,
  shardSize: job.shardSize,
  seatsPerOwner: job.seatsPerOwner,
  witnesses: job.witnesses,
  ticketValidators: job.ticketValidators,
  stakeCapBps: job.stakeCapBps,
  quorumBps: job.quorumBps,
  cutGraceMs: job.cutGraceMs,
  sealedDeadlineMs: job.sealedDeadlineMs,
  fullDeadlineMs: job.fullDeadlineMs,
  revealDeadlineMs: job.revealDeadlineMs,
  maximumClockSkewMs: job.maximumClockSkewMs,
  minimumScored: job.minimumScored,
  batchTexts: task.batchTexts,
  reserveTexts: task.reserveTexts,
  minimumWords: task.minimumWords,
  maximumTextBytes: job.maximumTextBytes,
  pieces: task.pieces,
  pieceWords: task.pieceWords,
  keptWords: task.keptWords,
  spanWords: task.spanWords,
  mixAlternating: task.mixAlternating,
  mixSpan: task.mixSpan,
  mixStart: task.mixStart,
  mixTitle: task.mixTitle,
  places: job.places,
  historyWeight: job.historyWeight,
  placeShrinkage: job.placeShrinkage,
  globalShrinkage: job.globalShrinkage,
  probationJobs: job.probationJobs,
  probationSeats: job.probationSeats,
  feeBps: money.feeBps,
  minimumStakeMicro: money.minimumStakeMicro,
  slashBps: money.slashBps,
  declinesPerEpoch: job.declinesPerEpoch,
  claimTtlMs: job.claimTtlMs,
  maximumClaims: job.maximumClaims,
  auditBps: job.auditBps,
} satisfies Record<keyof MarketParameters, z.ZodType>;

/** The form of {@link MarketParameters}; whether they make sense together is checked by `problemOfTerms`. */
export const marketParametersSchema: z.ZodType<MarketParameters> = z.strictObject(shape);

export const defaultParameters: MarketParameters = marketParametersSchema.parse({
  ...defaultJobParameters,
  ...defaultMoneyParameters,
  ...defaultExamParameters,
});

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
