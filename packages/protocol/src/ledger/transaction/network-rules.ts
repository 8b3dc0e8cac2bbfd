import { amountSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';

/** Rules of a whole network, fixed by its genesis. Epochs are counted, not timed, wherever somebody has to wait. */
export const networkRulesSchema = z.strictObject({
  /** Shortest time of an epoch. */
  epochMs: z.int().min(100).max(31_536_000_000),
  unbondingEpochs: z.int().min(1).max(10_000),
  /** Between the announcement of a new commission or of new market terms and their beginning. */
  noticeEpochs: z.int().min(1).max(10_000),
  /** Time that validators have to answer a roll call before they count as absent. */
  answerMs: z.int().min(100).max(86_400_000),
  /** Epochs of absence after which a validator's stake is no part of the whole any more, of which a third must be had. */
  seatEpochs: z.int().min(1).max(10_000),
  minDelegationMicro: amountSchema,
  /** What stays in every account for good: an account is remembered for ever, and with it the number of its next transaction. */
  minBalanceMicro: amountSchema,
  /** Kept while a market is open. */
  marketDepositMicro: amountSchema,
  /** Reporter's share of what proven misbehaviour costs the node's owner himself; of what it costs delegators he gets none. */
  reporterBps: z.int().min(0).max(5_000),
  /** Share of its stake that a validator loses for signing two things that exclude one another: no market's owner sets it. */
  validatorSlashBps: z.int().min(1).max(5_000),
  /** New money for the pools of the open markets; none where credits stand for money that is held elsewhere. */
  mint: z.strictObject({
    perEpochMicro: amountSchema,
    halvingEpochs: z
      .int()
      .min(1)
      .max(2 ** 32),
    capMicro: amountSchema,
  }),
});
export type NetworkRules = z.infer<typeof networkRulesSchema>;

/** A network whose credits are held elsewhere: nothing is minted. */
export const defaultNetworkRules: NetworkRules = {
  epochMs: 3_600_000,
  unbondingEpochs: 7,
  noticeEpochs: 7,
  answerMs: 600_000,
  seatEpochs: 168,
  minDelegationMicro: 1_000_000n,
  minBalanceMicro: 10_000n,
  marketDepositMicro: 100_000_000n,
  reporterBps: 1_000,
  validatorSlashBps: 5_000,
  mint: { perEpochMicro: 0n, halvingEpochs: 1, capMicro: 0n },
};
