import { amountSchema, hashSchema, marketIdSchema, nodeIdSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';
import { LEDGER_LIMITS as limits } from '../../fields/limits.ts';

/** Records of what validators say of experts, and of what it comes to. */
const countSchema = z.int().min(0);
/** A promise of weights, opened in the epoch after `epoch`. */
export const weightCommitSchema = z.strictObject({
  market: marketIdSchema,
  validator: nodeIdSchema,
  epoch: countSchema,
  commitment: hashSchema,
});
const u16Schema = z.int().min(0).max(65_535);
const nodeValuesSchema = z.array(z.tuple([nodeIdSchema, u16Schema])).max(limits.expertsPerMarket);
/** Weights of one validator in one market, as last revealed. */
export const weightsSchema = z.strictObject({
  market: marketIdSchema,
  validator: nodeIdSchema,
  /** Epoch in which they were committed. */
  epoch: countSchema,
  values: nodeValuesSchema,
});
export const bondsSchema = z.strictObject({
  market: marketIdSchema,
  validator: nodeIdSchema,
  epoch: countSchema,
  values: nodeValuesSchema,
});
/** What the last epoch's ranking of a market came to; shares in 65,535ths. */
export const rankingSchema = z.strictObject({
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

export type WeightCommit = Readonly<z.infer<typeof weightCommitSchema>>;
export type Weights = Readonly<z.infer<typeof weightsSchema>>;
export type Bonds = Readonly<z.infer<typeof bondsSchema>>;
export type Ranking = Readonly<z.infer<typeof rankingSchema>>;
