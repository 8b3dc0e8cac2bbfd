import {
  type AccountId,
  type Amount,
  accountIdSchema,
  amountSchema,
  type Hash,
  hashOf,
  hashSchema,
  type MarketId,
  marketIdSchema,
  type NodeId,
  nodeIdSchema,
  type Signed,
  sentenceSchema,
} from '@market-of-experts/core';
import { z } from 'zod';
import type { Roster } from '../draw/shard.ts';
import { certificateHash, type ShownCertificate } from '../job/certificate.ts';
import { certifiedLosses } from '../job/certified-losses.ts';
import { splitFee } from '../money/fees.ts';
import type { WorkerLoss } from '../scoring/standings.ts';

/** Money that an account gives or gets; with `node`, what that node earned for its owner and its delegators. */
export interface EffectDelta {
  readonly account: AccountId;
  readonly deltaMicro: bigint;
  readonly node?: NodeId | undefined;
}

/** What one order does to accounts and standings when it is settled. */
export interface Effects {
  /** Hash of the certificate, tally or void that proves it. */
  readonly proof: Hash;
  readonly client: AccountId;
  readonly clientSeq: number;
  /** Adds up to nothing: what leaves stakes is burnt. */
  readonly deltas: readonly EffectDelta[];
  /** Of a job they stand with the first of its orders. */
  readonly slashes: readonly { readonly node: NodeId; readonly amountMicro: Amount }[];
  /** Certified losses of its datum, for the table of places. */
  readonly losses: readonly WorkerLoss[];
}

/** A client's word that it will pay an expert for routed work under one order number: signed before anybody works. */
export interface RoutedOrderBody {
  readonly network: string;
  readonly market: MarketId;
  readonly client: AccountId;
  readonly clientSeq: number;
  /** Who brings the texts, and later the tally. */
  readonly coordinator: NodeId;
  readonly worker: NodeId;
  /** In force when the order was made: its prices hold. */
  readonly roster: Hash;
  readonly maxFeeMicro: Amount;
  /** No text is taken under the order after this time. */
  readonly deadlineMs: number;
}
export const routedOrderDomain = 'moe/routed-order/1';

/** Unscored work of one expert for one client, counted together: one order number, one payment. */
export interface TallyBody {
  readonly network: string;
  readonly market: MarketId;
  readonly client: AccountId;
  readonly clientSeq: number;
  readonly worker: NodeId;
  readonly requests: number;
  readonly bytes: number;
  readonly feeMicro: Amount;
  /** Hash over the requests' data and answer hashes, in order. */
  readonly items: Hash;
}
/** Signed by the client, who pays, and the worker, who agrees to the count. */
export interface RoutedTally {
  readonly client: Signed<TallyBody>;
  readonly worker: Signed<TallyBody>;
}
export const tallyDomain = 'moe/tally/1';

/** An order that came to nothing, so that its number can be passed. Whether it did, each validator knows for itself. */
export interface VoidBody {
  readonly network: string;
  readonly market: MarketId;
  readonly client: AccountId;
  readonly clientSeq: number;
  readonly reason: string;
}
const voidDomain = 'moe/void/1';

export const routedOrderBodySchema: z.ZodType<RoutedOrderBody> = z.strictObject({
  network: z.string().max(64),
  market: marketIdSchema,
  client: accountIdSchema,
  clientSeq: z.int().nonnegative(),
  coordinator: nodeIdSchema,
  worker: nodeIdSchema,
  roster: hashSchema,
  maxFeeMicro: amountSchema,
  deadlineMs: z.int().nonnegative(),
});
export const tallyBodySchema: z.ZodType<TallyBody> = z.strictObject({
  network: z.string().max(64),
  market: marketIdSchema,
  client: accountIdSchema,
  clientSeq: z.int().nonnegative(),
  worker: nodeIdSchema,
  requests: z.int().positive(),
  bytes: z.int().nonnegative(),
  feeMicro: amountSchema,
  items: hashSchema,
});
export const voidBodySchema: z.ZodType<VoidBody> = z.strictObject({
  network: z.string().max(64),
  market: marketIdSchema,
  client: accountIdSchema,
  clientSeq: z.int().nonnegative(),
  reason: sentenceSchema(300),
});

const bigIntegerSchema = z.union([z.int(), z.bigint()]).transform(BigInt);
export const effectsSchema: z.ZodType<Effects> = z.strictObject({
  proof: hashSchema,
  client: accountIdSchema,
  clientSeq: z.int().nonnegative(),
  deltas: z
    .array(
      z.strictObject({
        account: accountIdSchema,
        deltaMicro: bigIntegerSchema,
        node: nodeIdSchema.exactOptional(),
      }),
    )
    .max(64),
  slashes: z.array(z.strictObject({ node: nodeIdSchema, amountMicro: amountSchema })).max(64),
  losses: z
    .array(
      z.strictObject({
        node: nodeIdSchema,
        principal: nodeIdSchema,
        place: z.int().nonnegative(),
        lossUnits: z.int().nonnegative(),
        excessUnits: z.int(),
        won: z.boolean(),
      }),
    )
    .max(64),
});

type FeeRoster = Pick<Roster, 'marketOwner' | 'parameters'> & {
  readonly experts: readonly { readonly node: NodeId; readonly owner: AccountId }[];
};

function payment(
  roster: FeeRoster,
  client: AccountId,
  worker: NodeId,
  principal: NodeId,
  workerBps: number,
  feeMicro: Amount,
): Effects['deltas'] {
  const ownerOf = (node: NodeId): AccountId => roster.experts.find((expert) => expert.node === node)!.owner;
  const split = splitFee(feeMicro, roster.parameters.feeBps, workerBps);
  return [
    { account: client, deltaMicro: -feeMicro },
    { account: ownerOf(worker), deltaMicro: split.workerMicro, node: worker },
    { account: ownerOf(principal), deltaMicro: split.principalMicro, node: principal },
    { account: roster.marketOwner, deltaMicro: split.marketMicro },
  ].filter(({ deltaMicro }) => deltaMicro !== 0n);
}

/**
 * What a certificate does to one of its orders, each of which is settled in its client's sequence, by itself: nobody's order
 * waits for another client's. What the job costs its members in stake goes with the first, so that it is taken once.
 */
export function certificateEffects({ body }: ShownCertificate, datum: number, roster: FeeRoster): Effects {
  const { client, clientSeq, feeMicro, winner } = body.data[datum]!;
  const paid = body.members.find(({ principal }) => principal === winner);
  const punished = datum === 0 ? body.members : [];
  return {
    proof: certificateHash(body),
    client,
    clientSeq,
    deltas:
      paid === undefined
        ? []
        : payment(roster, client, paid.worker, paid.principal, paid.workerBps, feeMicro),
    slashes: punished
      .flatMap(({ principal, worker, slashMicro, workerSlashMicro }) => [
        { node: principal, amountMicro: slashMicro },
        { node: worker, amountMicro: workerSlashMicro },
      ])
      .filter(({ amountMicro }) => amountMicro > 0n),
    losses: certifiedLosses(body, datum),
  };
}

/** The `items` of a tally: a hash over its requests, in order. */
export function tallyItemsHash(items: readonly unknown[]): Hash {
  return hashOf('moe/tally-items/1', items);
}

export function tallyEffects(tally: TallyBody, roster: FeeRoster): Effects {
  return {
    proof: hashOf(tallyDomain, tally),
    client: tally.client,
    clientSeq: tally.clientSeq,
    deltas: payment(roster, tally.client, tally.worker, tally.worker, 10_000, tally.feeMicro),
    slashes: [],
    losses: [],
  };
}

export function voidEffects(body: VoidBody): Effects {
  return {
    proof: hashOf(voidDomain, body),
    client: body.client,
    clientSeq: body.clientSeq,
    deltas: [],
    slashes: [],
    losses: [],
  };
}
