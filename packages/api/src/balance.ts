import { accountIdSchema, marketIdSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';
import { count, micro, type Told } from './wire.ts';

export const leavingSchema = z
  .object({ amountMicro: micro, fromEpoch: count })
  .describe('Goes to the balance when that epoch begins, as far as no work takes it before.');

const prepaidBalanceSchema = z.object({
  availableMicro: micro,
  reservedMicro: micro.describe('What orders under way or unsettled may cost, in micro-credits.'),
  leaving: leavingSchema.exactOptional(),
});
/** What a client can order for, what its orders under way or unsettled may cost, and what it is taking out of the market. */
export type PrepaidBalance = Told<typeof prepaidBalanceSchema>;

/** `GET /v1/balance`: money in the first market, and in each. */
export const balanceSchema = prepaidBalanceSchema.extend({
  object: z.literal('balance'),
  account: accountIdSchema,
  availableCredits: z.string(),
  markets: z.array(prepaidBalanceSchema.extend({ market: marketIdSchema })),
});
export type Balance = Told<typeof balanceSchema>;
