import {
  type AccountId,
  type Amount,
  accountIdSchema,
  encode,
  type Hash,
  hashBytes,
  hashOf,
  hashSchema,
  type JobId,
  type MarketId,
  MoeError,
  marketIdSchema,
  type NodeId,
  nodeIdSchema,
} from '@market-of-experts/core';
import { z } from 'zod';
import type { JobParameters } from '../parameters/job-parameters.ts';
import type { MarketParameters } from '../parameters/market-parameters.ts';
import { type DrawStream, drawStream } from '../random/stream.ts';
import { ownersOf, paidSeats } from './owner-caps.ts';
import { type Candidate, candidateAt, stakeTable } from './stake-table.ts';
import type { Ticket } from './tickets.ts';

export interface RosterExpert {
  readonly node: NodeId;
  /** Earns what the node earns. */
  readonly owner: AccountId;
  readonly askMicroPerKilobyte: Amount;
  /** Most that it takes of the fee when another member calls it. */
  readonly askBps: number;
  readonly stakeMicro: Amount;
  /** Epochs in a row before this one in which it was punished: its penalties for absence rise with them. */
  readonly faultyEpochs: number;
  /** Newcomers sit in unpaid until they have `probationJobs` certified jobs. */
  readonly onProbation: boolean;
}

export interface RosterValidator {
  readonly node: NodeId;
  readonly stakeMicro: Amount;
  readonly ticketRoot: Hash;
}

/** Who can be drawn: a snapshot of the ledger, the same for everyone who names its hash. */
export interface Roster {
  readonly network: string;
  readonly market: MarketId;
  /** Receives the market's cut of every fee. */
  readonly marketOwner: AccountId;
  /** Unknown before the epoch it is for; mixed into every seed. */
  readonly beacon: Hash;
  /** Settlement batch up to which certificates count in standings. */
  readonly batch: number;
  readonly parameters: MarketParameters;
  /** Hash of the places (centroids) in force. */
  readonly placesHash: Hash;
  readonly experts: readonly RosterExpert[];
  readonly validators: readonly RosterValidator[];
}

const amountOf = z.union([z.int(), z.bigint()]).transform(BigInt);
/** Reads a roster that came by its hash: the hash vouches for the content, the schema for the form. */
export const rosterSchema = z.looseObject({
  network: z.string(),
  market: marketIdSchema,
  marketOwner: accountIdSchema,
  beacon: hashSchema,
  batch: z.int().nonnegative(),
  parameters: z.looseObject({ minimumStakeMicro: amountOf }),
  placesHash: hashSchema,
  experts: z
    .array(
      z.strictObject({
        node: nodeIdSchema,
        owner: accountIdSchema,
        askMicroPerKilobyte: amountOf,
        askBps: z.int().min(0).max(10_000),
        stakeMicro: amountOf,
        faultyEpochs: z.int().nonnegative(),
        onProbation: z.boolean(),
      }),
    )
    .max(4_096),
  validators: z
    .array(z.strictObject({ node: nodeIdSchema, stakeMicro: amountOf, ticketRoot: hashSchema }))
    .max(256),
}) as unknown as z.ZodType<Roster>;

/** Canonical bytes of a roster: what its hash covers and what a verifier fetches by that hash. */
export function rosterBytes(roster: Roster): Uint8Array {
  return encode(roster);
}

const rosterHashes = new WeakMap<Roster, Hash>();

/** Hash of {@link rosterBytes}, calculated once for each roster: every role asks for it at every job. */
export function rosterHash(roster: Roster): Hash {
  const known = rosterHashes.get(roster);
  if (known !== undefined) return known;
  const hash = hashBytes(rosterBytes(roster));
  rosterHashes.set(roster, hash);
  return hash;
}

export interface ShardDraw {
  readonly seed: Hash;
  readonly members: readonly NodeId[];
  readonly newcomers: readonly NodeId[];
  readonly witnesses: readonly NodeId[];
}

/** Seed of everything drawn for a job: unknown to the client when it signs and not the validators' to choose. */
export function jobSeed(beacon: Hash, job: JobId, tickets: readonly Ticket[]): Hash {
  return hashOf('moe/seed/1', [beacon, job, tickets.map((ticket) => [ticket.by, ticket.body.secret])]);
}

/**
 * Without replacement, probability proportional to stake, which counts up to `capBps` of the total. Sums over the
 * list are kept for the next draw from the same list: it must not change. Once an owner with several candidates has `roomOf` it
 * drawn, the rest of them are out.
 */
export function drawByStake(
  candidates: readonly Candidate[],
  count: number,
  capBps: number,
  stream: DrawStream,
  roomOf: (owner: string) => number = () => Number.POSITIVE_INFINITY,
): NodeId[] {
  const table = stakeTable(candidates, capBps);
  const drawn: NodeId[] = [];
  const taken: number[] = [];
  const chosen = new Set<number>();
  let weightLeft = table.upTo.at(-1)!;
  const take = (index: number): void => {
    if (taken.includes(index)) return;
    taken.push(index);
    weightLeft -= table.upTo[index + 1]! - table.upTo[index]!;
  };
  while (drawn.length < count && weightLeft > 0n) {
    const index = candidateAt(table, taken, stream.belowBig(weightLeft));
    drawn.push(table.nodes[index]!);
    chosen.add(index);
    take(index);
    const fellows = table.fellows.get(index);
    if (fellows !== undefined) {
      const drawnOfThem = fellows.indices.filter((fellow) => chosen.has(fellow)).length;
      if (drawnOfThem >= roomOf(fellows.owner)) for (const fellow of fellows.indices) take(fellow);
    }
    taken.sort((a, b) => a - b);
  }
  return drawn;
}

/** Paid experts, and newcomers with a stake of one each: the two lists of experts that a roster is drawn from. */
interface DrawLists {
  readonly paid: readonly Candidate[];
  readonly newcomers: readonly Candidate[];
}

const drawLists = new WeakMap<Roster, DrawLists>();

function drawListsOf(roster: Roster): DrawLists {
  const known = drawLists.get(roster);
  if (known !== undefined) return known;
  const lists = {
    paid: roster.experts.filter((expert) => !expert.onProbation),
    newcomers: roster.experts
      .filter((expert) => expert.onProbation)
      .map(({ node, owner }) => ({ node, owner, stakeMicro: 1n })),
  };
  drawLists.set(roster, lists);
  return lists;
}

/** Fewest experts past probation from which a shard can be drawn and scored. */
export function leastPaidExperts({ minimumScored }: Pick<JobParameters, 'minimumScored'>): number {
  return Math.max(3, minimumScored);
}

/**
 * Draws members, newcomers and witnesses of a job. Throws `no-quorum` when too few paid experts serve, counted as far as one
 * owner may have seats.
 */
export function drawShard(roster: Roster, seed: Hash): ShardDraw {
  const { parameters } = roster;
  const { paid, newcomers } = drawListsOf(roster);
  const { seatsPerOwner } = parameters;
  const least = leastPaidExperts(parameters);
  const seats = paidSeats(roster);
  if (seats < least)
    throw new MoeError(
      'no-quorum',
      `The market has ${paid.length} expert(s) past probation${seats < paid.length ? `, of owners that may have ${seats} seat(s) of a job together` : ''}; a shard needs at least ${least}. Try again when more have joined.`,
      { isRetryable: true },
    );
  const members = drawByStake(
    paid,
    parameters.shardSize,
    parameters.stakeCapBps,
    drawStream(seed, 'members'),
    () => seatsPerOwner,
  );
  return {
    seed,
    members,
    newcomers: drawNewcomers(roster, newcomers, members, seed),
    witnesses: drawByStake(roster.validators, parameters.witnesses, 10_000, drawStream(seed, 'witnesses')),
  };
}

/** Newcomers sit where their owners have seats left. */
function drawNewcomers(
  roster: Roster,
  newcomers: readonly Candidate[],
  members: readonly NodeId[],
  seed: Hash,
): NodeId[] {
  if (newcomers.length === 0) return [];
  const { seatsPerOwner, probationSeats } = roster.parameters;
  const { ownerOf } = ownersOf(roster);
  const roomOf = (owner: string): number =>
    seatsPerOwner - members.filter((node) => ownerOf.get(node) === owner).length;
  const open = newcomers.filter(({ owner }) => roomOf(owner!) > 0);
  // The list itself where these are all: its sums are known.
  const list = open.length === newcomers.length ? newcomers : open;
  return drawByStake(list, probationSeats, 10_000, drawStream(seed, 'newcomers'), roomOf);
}

/** Validators whose tickets a job needs: decided by the order alone, before any ticket is known. */
export function ticketValidators(roster: Roster, job: JobId): NodeId[] {
  const seed = hashOf('moe/ticket-duty/1', [roster.beacon, job]);
  return drawByStake(
    roster.validators,
    roster.parameters.ticketValidators,
    10_000,
    drawStream(seed, 'tickets'),
  );
}
