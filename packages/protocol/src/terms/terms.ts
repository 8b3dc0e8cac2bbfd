import type { Amount } from '@market-of-experts/core/amount';
import { amountSchema, type Hash, hashSchema } from '@market-of-experts/core/ids';
import { sentenceSchema } from '@market-of-experts/core/plain-text';
import { z } from 'zod';
import { bpsSchema } from '../fields/numbers.ts';
import { type MarketParameters, marketParametersSchema } from '../parameters/market-parameters.ts';
import type { RankingRules } from '../ranking/epoch-input.ts';

/**
 * Everything that a market's owner sets (docs/run/market-owner.md). It changes only with notice, and what somebody
 * registered under stays his: an expert keeps the immunity of its registration.
 */
export interface MarketTerms {
  /** What the market is for, in a sentence. */
  readonly title: string;
  readonly task: MarketTask;
  /** `baseEncoder` names the public model that says where texts lie; experts answer in spaces of their own. */
  readonly space: { readonly dimensions: number; readonly baseEncoder: Hash };
  readonly loss: MarketLoss;
  /** Prices, sizes and deadlines of a job. `feeBps` is the market's cut, `minimumStakeMicro` the least own stake of an expert. */
  readonly parameters: MarketParameters;
  /** What a registration costs; it rises with each and decays with time. */
  readonly registration: RegistrationTerms;
  /** Experts at most; when full, the one with the lowest income makes room. */
  readonly maximumExperts: number;
  /** Epochs in which a new expert is not pruned. */
  readonly immunityEpochs: number;
  /** Validators with the most stake that may set weights. */
  readonly permits: number;
  readonly ranking: RankingTerms;
  readonly emission: EmissionTerms;
}

const marketTasks = ['text-embedding'] as const;
export type MarketTask = (typeof marketTasks)[number];
const marketLosses = ['exam'] as const;
/** `exam`: who has seen a part of a text must tell its other parts from those of others (docs/concepts/loss.md). */
export type MarketLoss = (typeof marketLosses)[number];

export interface RegistrationTerms {
  readonly floorMicro: Amount;
  readonly capMicro: Amount;
  /** By how much a registration raises the price of the next. */
  readonly riseBps: number;
  /** Share of what the price is above its floor that is gone after an epoch. */
  readonly decayBps: number;
}

export interface RankingTerms extends RankingRules {
  /** Epochs after which a validator that reveals no weights counts no more. */
  readonly activityCutoffEpochs: number;
}

export interface EmissionTerms {
  /** Paid out in the first epochs, as far as the market's pool reaches; 0 in a fee-only market. */
  readonly perEpochMicro: Amount;
  /** Epochs after which it halves. */
  readonly halvingEpochs: number;
  readonly ownerShareBps: number;
}

const u16Schema = z.int().min(0).max(65_535);

export const marketTermsSchema: z.ZodType<MarketTerms> = z.strictObject({
  title: sentenceSchema(200).min(1),
  task: z.enum(marketTasks),
  space: z.strictObject({ dimensions: z.int().min(8).max(8_192), baseEncoder: hashSchema }),
  loss: z.enum(marketLosses),
  parameters: marketParametersSchema,
  registration: z.strictObject({
    floorMicro: amountSchema,
    capMicro: amountSchema,
    riseBps: z.int().min(0).max(100_000),
    decayBps: bpsSchema,
  }),
  maximumExperts: z.int().min(1).max(4_096),
  immunityEpochs: z.int().min(0).max(1_000_000),
  permits: z.int().min(1).max(256),
  ranking: z.strictObject({
    method: z.enum(['yuma', 'yuma3', 'median', 'paper']),
    kappaU16: u16Schema,
    bondsPenaltyU16: u16Schema,
    bondsMovingAverageMillionths: z.int().min(0).max(1_000_000),
    liquidAlpha: z.boolean(),
    alphaLowU16: u16Schema,
    alphaHighU16: u16Schema,
    alphaSigmoidSteepness: z.int().min(1).max(100_000),
    activityCutoffEpochs: z.int().min(1).max(1_000_000),
  }),
  emission: z.strictObject({
    perEpochMicro: amountSchema,
    halvingEpochs: z
      .int()
      .min(1)
      .max(2 ** 32),
    ownerShareBps: bpsSchema,
  }),
});

export const defaultRanking: RankingTerms = {
  method: 'yuma',
  kappaU16: 32_767,
  bondsPenaltyU16: 65_535,
  bondsMovingAverageMillionths: 900_000,
  liquidAlpha: false,
  alphaLowU16: 45_875,
  alphaHighU16: 58_982,
  alphaSigmoidSteepness: 1_000,
  activityCutoffEpochs: 14,
};

/** Terms of a text market with these parameters that charges nothing for registrations and emits nothing. */
export function defaultTerms(parameters: MarketParameters, baseEncoder: Hash): MarketTerms {
  return {
    title: 'Text embeddings',
    task: 'text-embedding',
    space: { dimensions: parameters.dimensions, baseEncoder },
    loss: 'exam',
    parameters,
    registration: { floorMicro: 0n, capMicro: 0n, riseBps: 10_000, decayBps: 2_000 },
    maximumExperts: 256,
    immunityEpochs: 12,
    permits: 256,
    ranking: defaultRanking,
    emission: { perEpochMicro: 0n, halvingEpochs: 1_000_000, ownerShareBps: 1_800 },
  };
}
