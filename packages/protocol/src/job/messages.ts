import {
  type AccountId,
  type Amount,
  accountIdSchema,
  amountSchema,
  bytesSchema,
  encode,
  type Hash,
  hashOf,
  hashSchema,
  type JobId,
  jobIdSchema,
  type KeyPair,
  type MarketId,
  marketIdSchema,
  type NodeId,
  nodeIdSchema,
  type Signed,
  sentenceSchema,
  verifySignature,
} from '@market-of-experts/core';
import { z } from 'zod';
import type { TicketBody } from '../draw/tickets.ts';
import type { Answer } from '../tasks/task.ts';
import { type Grant, grantSchema } from './claims.ts';
import { type OpenedQuestion, openedQuestionSchema, questionLimits } from './question.ts';
import { signed, signedByOwner } from './signed.ts';

/** What a client signs to have one datum worked on: alone or with others, as its coordinator batches them. */
export interface OrderBody {
  readonly network: string;
  readonly market: MarketId;
  readonly client: AccountId;
  /** The client's orders are numbered without gaps; the ledger settles each number once. */
  readonly clientSeq: number;
  readonly coordinator: NodeId;
  /** {@link saltedDataHash} of the datum. */
  readonly dataHash: Hash;
  readonly bytes: number;
  readonly maxFeeMicro: Amount;
  readonly tipMicro: Amount;
  readonly deadlineMs: number;
}
export type Order = Signed<OrderBody>;
export const orderDomain = 'moe/job-order/1';

export type Stage = 'sealed' | 'full';
/** A worker's sealed answer of one stage. The author is inside the seal, so it cannot be copied. */
export interface CommitBody {
  readonly job: JobId;
  readonly stage: Stage;
  readonly principal: NodeId;
  readonly worker: NodeId;
  /** {@link listHash} of what it was asked: whoever was asked something else is not held to this. */
  readonly list: Hash;
  readonly seal: Hash;
}
export type Commit = Signed<CommitBody>;
export const commitDomain = 'moe/commit/2';

/** "I will not do this one": unpunished before the cut, unpaid. */
export interface DeclineBody {
  readonly job: JobId;
  readonly principal: NodeId;
  readonly reason: string;
}
export type Decline = Signed<DeclineBody>;
export const declineDomain = 'moe/decline/1';

/** The coordinator's list of commits, in order of arrival. Who is not in it is out of the job. */
export interface CutBody {
  readonly job: JobId;
  readonly seals: readonly Hash[];
}
export type Cut = Signed<CutBody>;
export const cutDomain = 'moe/cut/1';

/** What had reached a witness when a stage closed: principals, in order of arrival. */
export interface ArrivalBody {
  readonly job: JobId;
  readonly stage: Stage | 'reveal';
  readonly principals: readonly NodeId[];
}
export type ArrivalRecord = Signed<ArrivalBody>;
export const arrivalDomain = 'moe/arrival/1';

/** Opens both seals of a worker. */
export interface RevealBody extends Answer {
  readonly job: JobId;
  readonly principal: NodeId;
  readonly worker: NodeId;
  readonly firstSalt: Uint8Array;
  readonly secondSalt: Uint8Array;
}
/** Signed by its worker: a reveal that does not open its seals costs stake, so nobody else may make one. */
export interface Reveal extends RevealBody {
  readonly signature: Uint8Array;
}
export const revealDomain = 'moe/reveal/2';

export function signReveal(keys: KeyPair, body: RevealBody): Reveal {
  return { ...body, signature: keys.sign(encode([revealDomain, body])) };
}

/** Whether the worker named in it made the reveal. */
export function verifyReveal({ signature, ...body }: Reveal): boolean {
  return verifySignature(body.worker, encode([revealDomain, body]), signature);
}

export function saltedDataHash(text: string, salt: Uint8Array): Hash {
  return hashOf('moe/data/1', [salt, text]);
}

interface Author {
  readonly job: JobId;
  readonly principal: NodeId;
  readonly worker: NodeId;
}

/** Seal of the answers to one list: `H(job, principal, worker, list, answers, salt)`. */
export function sealOf(
  { job, principal, worker }: Author,
  list: Hash,
  answers: readonly Uint8Array[],
  salt: Uint8Array,
): Hash {
  return hashOf('moe/seal/1', [job, principal, worker, list, answers, salt]);
}

export const limits = {
  members: 16,
  /** Of a job. */
  orders: 12,
  /** Of the data of a job with several orders, together. */
  batchBytes: 256 * 1024,
  /** Of one answer, and of a member's answers to one list. */
  answerBytes: 32_768,
  answersBytes: 512 * 1024,
  saltBytes: 32,
  witnesses: 16,
} as const;

export const orderBodySchema: z.ZodType<OrderBody> = z.strictObject({
  network: z.string().min(1).max(64),
  market: marketIdSchema,
  client: accountIdSchema,
  clientSeq: z.int().nonnegative(),
  coordinator: nodeIdSchema,
  dataHash: hashSchema,
  bytes: z.int().positive(),
  maxFeeMicro: amountSchema,
  tipMicro: amountSchema,
  deadlineMs: z.int().positive(),
});
export const orderSchema = signedByOwner(orderBodySchema);
/** Of one job. */
export const ordersSchema = z.array(orderSchema).min(1).max(limits.orders);
export const commitSchema = signed<CommitBody>(
  z.strictObject({
    job: jobIdSchema,
    stage: z.enum(['sealed', 'full']),
    principal: nodeIdSchema,
    worker: nodeIdSchema,
    list: hashSchema,
    seal: hashSchema,
  }),
);
export const declineSchema = signed<DeclineBody>(
  z.strictObject({ job: jobIdSchema, principal: nodeIdSchema, reason: sentenceSchema(200) }),
);
export const cutSchema = signed<CutBody>(
  z.strictObject({ job: jobIdSchema, seals: z.array(hashSchema).max(limits.members) }),
);
export const arrivalSchema = signed<ArrivalBody>(
  z.strictObject({
    job: jobIdSchema,
    stage: z.enum(['sealed', 'full', 'reveal']),
    principals: z.array(nodeIdSchema).max(limits.members),
  }),
);
export const ticketSchema = signed<TicketBody>(
  z.strictObject({
    job: jobIdSchema,
    root: hashSchema,
    index: z.int().nonnegative(),
    secret: hashSchema,
    path: z.array(hashSchema).max(32),
  }),
);
const answersSchema = z
  .array(bytesSchema(limits.answerBytes))
  .min(1)
  .max(questionLimits.entries)
  .refine(
    (answers) => answers.reduce((sum, { length }) => sum + length, 0) <= limits.answersBytes,
    `must be at most ${limits.answersBytes} bytes together`,
  );
export const revealSchema: z.ZodType<Reveal> = z.strictObject({
  job: jobIdSchema,
  principal: nodeIdSchema,
  worker: nodeIdSchema,
  first: answersSchema,
  firstSalt: bytesSchema(limits.saltBytes),
  second: answersSchema,
  secondSalt: bytesSchema(limits.saltBytes),
  signature: bytesSchema(64),
});

/** Everything said in a job, enough to repeat every decision about it. */
export interface Transcript {
  /** Sorted by their ids. */
  readonly orders: readonly Order[];
  /** Hash of the {@link Roster} that the draw used. */
  readonly roster: Hash;
  readonly tickets: readonly Signed<TicketBody>[];
  /** What everybody was asked. */
  readonly question: OpenedQuestion;
  /** First-stage commits in the order in which they reached the coordinator. */
  readonly commits: readonly Commit[];
  /** One for every commit whose worker is not its principal. */
  readonly grants: readonly Grant[];
  readonly declines: readonly Decline[];
  readonly cut: Cut;
  readonly fullCommits: readonly Commit[];
  readonly reveals: readonly Reveal[];
  /** Witnesses' records, where somebody was missing at the end of a stage. */
  readonly arrivals: readonly ArrivalRecord[];
}
export const transcriptSchema: z.ZodType<Transcript> = z.strictObject({
  orders: ordersSchema,
  roster: hashSchema,
  tickets: z.array(ticketSchema).max(limits.witnesses),
  question: openedQuestionSchema,
  commits: z.array(commitSchema).max(limits.members),
  grants: z.array(grantSchema).max(limits.members),
  declines: z.array(declineSchema).max(limits.members),
  cut: cutSchema,
  fullCommits: z.array(commitSchema).max(limits.members),
  reveals: z.array(revealSchema).max(limits.members),
  arrivals: z.array(arrivalSchema).max(3 * limits.witnesses),
});
