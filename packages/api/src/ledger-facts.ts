import { accountIdSchema, hashSchema, marketIdSchema, nodeIdSchema } from '@market-of-experts/core/ids';
import { networkIdSchema, stakeTargetSchema } from '@market-of-experts/protocol/fields/fields';
import { networkRulesSchema } from '@market-of-experts/protocol/ledger/transaction/network-rules';
import { z } from 'zod';
import { leavingSchema } from './balance.ts';
import { bps, count, micro, openEnum, type Told, textLine, timeMs, type Wire } from './wire.ts';
import { wireForm } from './wire-form.ts';

const epoch = count;
const name = textLine(200);
const share = z.number().describe('A share, from 0 to 1.');
const target = wireForm(stakeTargetSchema);

/** Query of the addresses that show one market. */
export const marketQuerySchema = z.strictObject({ market: z.string().describe('Id of a market.') });

const missingValidatorSchema = z.object({
  node: nodeIdSchema,
  name,
  stakeMicro: micro,
  state: openEnum(['new', 'silent', 'absent']).describe(
    'Never started; did not answer the last roll call yet; not waited for any more.',
  ),
  sinceEpoch: epoch.describe(
    'Epoch of its registration where it was never started, otherwise of its last sign of life.',
  ),
  sinceMs: timeMs.exactOptional(),
  seatEndsAtEpoch: epoch.exactOptional().describe('While it has a seat.'),
});
export type MissingValidator = Told<typeof missingValidatorSchema>;

const attendanceSchema = z.object({
  presentMicro: micro,
  seatedMicro: micro.describe(
    'With those that are absent and have not lost their seats yet, in micro-credits.',
  ),
  rollCall: count.describe('Number of the last roll call.'),
  answerUntilMs: timeMs,
  missing: z.array(missingValidatorSchema).describe('By stake.'),
  sentences: z
    .array(textLine(2_000))
    .max(100)
    .describe('The same for people: who is missing, since when, and what will happen when.'),
});
/** Which validators are there. Settlements need two thirds of `presentMicro`, and more than a third of `seatedMicro`. */
export type AttendanceFacts = Told<typeof attendanceSchema>;

export const networkSchema = z.object({
  network: networkIdSchema,
  epoch: epoch.describe('The running epoch; the next begins at `epochEndsMs` or later.'),
  epochStartedMs: timeMs,
  epochEndsMs: timeMs,
  rules: wireForm(networkRulesSchema),
  beacon: hashSchema,
  treasury: accountIdSchema,
  supplyMicro: micro,
  mintedMicro: micro,
  burntMicro: micro.describe('Slashed stake that nobody has any more, in micro-credits.'),
  minValidatorStakeMicro: micro,
  validatorStakeMicro: micro,
  attendance: attendanceSchema,
  height: count,
  stateRoot: hashSchema,
});
export type NetworkFacts = Told<typeof networkSchema>;
export type NetworkJson = Wire<typeof networkSchema>;

const ownedNodeSchema = z.object({
  target,
  name,
  stakeMicro: micro.describe('All that counts, the part of others included, in micro-credits.'),
  ownMicro: micro,
  delegatedMicro: micro,
  pendingMicro: micro.describe("The owner's own that joins when the next epoch begins, in micro-credits."),
  unbondingMicro: micro,
  commissionBps: bps,
  nextCommission: z.object({ bps, fromEpoch: epoch }).exactOptional(),
  registeredEpoch: epoch,
  leavesAtEpoch: epoch.exactOptional(),
});
export type OwnedNode = Told<typeof ownedNodeSchema>;

/** An account never seen has nothing and nonce 0. */
export const accountSchema = z.object({
  account: accountIdSchema,
  balanceMicro: micro,
  nonce: count,
  lockedMicro: micro.describe('Prepaid in all markets, in micro-credits: `prepaid` has the parts.'),
  prepaid: z.array(
    z.object({
      market: marketIdSchema,
      gateway: nodeIdSchema,
      lockedMicro: micro,
      leaving: leavingSchema.exactOptional(),
    }),
  ),
  nodes: z.array(ownedNodeSchema).describe('Nodes that the account registered.'),
  delegations: z
    .array(
      z.object({
        target,
        name,
        valueMicro: micro,
        pendingMicro: micro.describe('Joins when the next epoch begins, in micro-credits.'),
      }),
    )
    .describe('What it staked on nodes of others.'),
  unbondings: z
    .array(
      z.object({
        target,
        valueMicro: micro,
        releaseEpoch: epoch,
        to: target.exactOptional().describe('Where it is delegated then; paid out without it.'),
      }),
    )
    .describe('What is on its way out, at what it is worth now.'),
});
export type AccountFacts = Told<typeof accountSchema>;

export const weightsSchema = z.object({
  epoch: epoch.describe('The running epoch.'),
  rows: z.array(
    z.object({
      validator: nodeIdSchema,
      name,
      epoch: epoch.describe('In which they were promised.'),
      weights: z.array(z.object({ node: nodeIdSchema, name, weight: z.number() })),
    }),
  ),
  promised: z.array(textLine(200)).describe('Names of validators with a promise that is not opened yet.'),
});
export type WeightsInForce = Told<typeof weightsSchema>;

const metagraphNodeSchema = z.object({
  node: nodeIdSchema,
  name,
  shownAs: name.describe("The name, with the beginning of the node's id where another looks like it."),
  role: openEnum(['expert', 'validator']),
  owner: accountIdSchema,
  stakeMicro: micro,
  delegatedMicro: micro,
  rank: share,
  trust: share,
  consensus: share,
  incentive: share,
  dividends: share,
  validatorTrust: share,
  emissionMicro: micro,
  permit: z.boolean().describe('A validator that may set weights.'),
  active: z.boolean().describe('A validator whose weights counted, an expert in service.'),
  state: openEnum(['serving', 'leaving', 'new', 'absent']).describe(
    'A validator that was never started is `new`, one that is not waited for `absent`.',
  ),
  registeredEpoch: epoch,
  immune: z.boolean().describe('Not pruned yet.'),
});
export type MetagraphNode = Told<typeof metagraphNodeSchema>;

export const metagraphSchema = z.object({
  market: marketIdSchema,
  epoch,
  rankedEpoch: epoch.describe('The epoch whose ranking this is; 0 before the first.'),
  emittedMicro: micro.describe('What that epoch paid, in micro-credits.'),
  ownerMicro: micro.describe("The part of the market's owner in it, in micro-credits."),
  nodes: z.array(metagraphNodeSchema).describe('Experts by incentive, then validators by stake.'),
});
/** Everybody who ranks or is ranked in a market. */
export type Metagraph = Told<typeof metagraphSchema>;
export type MetagraphJson = Wire<typeof metagraphSchema>;

export const quoteSchema = z.object({
  market: marketIdSchema,
  epoch,
  registrationMicro: micro.describe("To be sent as the registration's `depositMicro`."),
  minimumStakeMicro: micro,
  expertCount: count,
  maximumExperts: count,
});
export type RegistrationQuote = Told<typeof quoteSchema>;
