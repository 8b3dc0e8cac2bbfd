import type { Amount } from '@market-of-experts/core/amount';
import { amountSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';
import { bpsSchema } from '../fields/numbers.ts';

/** What is paid, staked and slashed. */
export interface MoneyParameters {
  /** Market's cut of every fee. */
  readonly feeBps: number;
  readonly minimumStakeMicro: Amount;
  readonly slashBps: Readonly<Record<SlashReason, number>>;
}

export type SlashReason = 'late' | 'outlier' | 'no-reveal' | 'wrong-reveal' | 'equivocation';

export const moneyParametersShape = {
  feeBps: bpsSchema,
  minimumStakeMicro: amountSchema,
  slashBps: z.strictObject({
    late: bpsSchema,
    outlier: bpsSchema,
    'no-reveal': bpsSchema,
    'wrong-reveal': bpsSchema,
    equivocation: bpsSchema,
  }),
} satisfies Record<keyof MoneyParameters, z.ZodType>;

/** Share of its stake that an expert loses for having said two things that exclude one another. */
const equivocationSlashBps = 5_000;

export const defaultMoneyParameters: MoneyParameters = {
  feeBps: 200,
  minimumStakeMicro: 100_000_000n,
  slashBps: {
    late: 5,
    outlier: 10,
    'no-reveal': 500,
    'wrong-reveal': 500,
    equivocation: equivocationSlashBps,
  },
};
