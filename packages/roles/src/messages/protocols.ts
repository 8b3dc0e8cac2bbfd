import { accountIdSchema, bytesSchema, hashSchema, jobIdSchema, nodeIdSchema } from '@market-of-experts/core';
import {
  arrivalSchema,
  certificateBodySchema,
  certificateSchema,
  claimSchema,
  commitSchema,
  cutSchema,
  declineSchema,
  grantSchema,
  limits,
  nodeSignatureSchema,
  openedQuestionSchema,
  ordersSchema,
  pastClaimSchema,
  positionsSchema,
  questionLimits,
  refusalSchema,
  revealSchema,
  routedOrderBodySchema,
  signed,
  signedByOwner,
  tallyBodySchema,
  ticketSchema,
  transcriptSchema,
} from '@market-of-experts/protocol';
import { z } from 'zod';

/** Messages between nodes. A new form gets a new number; old ones are then refused by name. */
export const protocols = {
  ticket: 'moe/job/ticket/3',
  claim: 'moe/job/claim/2',
  sealed: 'moe/job/sealed/4',
  full: 'moe/job/full/2',
  note: 'moe/job/note/2',
  void: 'moe/job/void/1',
  reveal: 'moe/job/reveal/3',
  arrived: 'moe/job/arrived/5',
  arrivals: 'moe/job/arrivals/5',
  certify: 'moe/job/certify/5',
  vouch: 'moe/job/vouch/3',
  agree: 'moe/job/agree/3',
  certified: 'moe/job/certified/3',
  route: 'moe/route/3',
  tally: 'moe/tally/2',
  settle: 'moe/settle/5',
  epochEnd: 'moe/epoch-end/1',
} as const;

const textSchema = z.string().max(256 * 1024);

export const ticketRequestSchema = z.strictObject({ orders: ordersSchema, roster: hashSchema });
export const ticketResponseSchema = z.strictObject({ ticket: ticketSchema });

/** What proves that a job was ordered, and shows who was drawn for it. */
export const jobOpeningSchema = z.strictObject({
  orders: ordersSchema,
  roster: hashSchema,
  tickets: z.array(ticketSchema).max(16),
});
/** Texts of one list of a question, and the salt that names its entries. */
const textListSchema = z.strictObject({
  texts: z.array(textSchema).min(1).max(questionLimits.entries),
  salt: bytesSchema(questionLimits.saltBytes),
});
/** The first list, and what the assignment hashes to that is opened at the end. */
export const sealedRequestSchema = jobOpeningSchema.extend({
  first: textListSchema,
  positions: positionsSchema,
  assignment: hashSchema,
});
/** A commit by another than the principal comes with that worker's grant. */
const grantedCommit = z.strictObject({ commit: commitSchema, grant: grantSchema.exactOptional() });
export const sealedResponseSchema = z.union([grantedCommit, z.strictObject({ decline: declineSchema })]);

/** A member asks a friend to work in its place: what it was sent itself, and what became of its earlier claims. */
export const claimRequestSchema = sealedRequestSchema.extend({
  claim: claimSchema,
  past: z.array(pastClaimSchema).max(16),
});
export const claimResponseSchema = z.union([
  z.strictObject({ grant: grantSchema, commit: commitSchema }),
  z.strictObject({ refusal: refusalSchema }),
]);

export const fullRequestSchema = z.strictObject({
  job: jobIdSchema,
  cut: cutSchema,
  second: textListSchema,
});
export const fullResponseSchema = z.strictObject({ commit: commitSchema });

/** What was sealed before the cut, and by whom. */
const sealedStageSchema = z.strictObject({
  cut: cutSchema,
  commits: z.array(commitSchema).max(16),
  grants: z.array(grantSchema).max(16),
  declines: z.array(declineSchema).max(16),
});
/** A job that has come to its cut, for every validator. */
export const noteRequestSchema = jobOpeningSchema.extend(sealedStageSchema.shape);
export const noteResponseSchema = z.strictObject({ note: nodeSignatureSchema });

/** A gateway, or a validator that stands in for it, asks whether nothing can come of an order number of its client any more; an answer says so. */
export const voidRequestSchema = z.strictObject({
  client: accountIdSchema,
  clientSeq: z.int().nonnegative(),
});
export const voidResponseSchema = z.strictObject({ isVoid: z.literal(true) });

/** See `RevealQuestion`. */
export const revealRequestSchema = z.strictObject({
  job: jobIdSchema,
  /** The one that is noted: a coordinator may have shown the expert another. */
  cut: cutSchema,
  fullCommits: z.array(commitSchema).max(16),
  grants: z.array(grantSchema).max(16),
  notes: z.array(nodeSignatureSchema).max(256),
  question: openedQuestionSchema,
  whole: z
    .strictObject({
      data: z
        .array(z.strictObject({ text: textSchema, salt: bytesSchema(limits.saltBytes) }))
        .min(1)
        .max(limits.orders),
      reserve: z.array(textSchema).max(questionLimits.reserve),
      positions: positionsSchema,
      salts: z.strictObject({
        first: bytesSchema(questionLimits.saltBytes),
        second: bytesSchema(questionLimits.saltBytes),
        assignment: bytesSchema(questionLimits.saltBytes),
      }),
    })
    .exactOptional(),
});
export const revealResponseSchema = z.strictObject({ reveal: revealSchema });

export const arrivedMessageSchema = z.union([
  grantedCommit,
  z.strictObject({ decline: declineSchema }),
  z.strictObject({ reveal: revealSchema }),
]);
/** A {@link jobOpeningSchema}, encoded: read only by who does not know the job yet. */
const openingBytesSchema = bytesSchema(64 * 1024);
/** One-way copy of an answer to a witness, so that the coordinator alone cannot make an expert late. */
export const arrivedNoticeSchema = z.strictObject({
  job: jobIdSchema,
  opening: openingBytesSchema,
  said: arrivedMessageSchema,
  /** Beside a reveal: why it was made. Whoever has them needs nobody's word for the cut. */
  notes: z.array(nodeSignatureSchema).max(256).exactOptional(),
  question: openedQuestionSchema.exactOptional(),
});
export const arrivalsRequestSchema = z.strictObject({
  job: jobIdSchema,
  stage: z.enum(['sealed', 'full', 'reveal']),
  opening: openingBytesSchema,
  /** What the coordinator asks the seats at this stage: the witness asks those itself that it misses. */
  asked: bytesSchema(2 * 1024 * 1024),
});
export type JobStage = z.infer<typeof arrivalsRequestSchema>['stage'];
export const arrivalsResponseSchema = z.strictObject({
  record: arrivalSchema,
  /**
   * What the witness has received at this stage, each an {@link arrivedMessageSchema}, so that the coordinator can take up
   * what it missed. Read one by one: a message that cannot be read does not take the others, or the record, with it.
   */
  messages: z.array(z.unknown()).max(256),
});

export const certifyRequestSchema = z.strictObject({ transcript: transcriptSchema });
export const certifyResponseSchema = z.strictObject({
  body: certificateBodySchema,
  signature: bytesSchema(64),
});

/** What a witness knows of a job, for another witness of it. */
export const vouchRequestSchema = z.strictObject({ job: jobIdSchema });
export const vouchResponseSchema = z.strictObject({
  /** What it has signed for the coordinator. */
  certified: certifyResponseSchema.nullable(),
  stage: sealedStageSchema.nullable(),
  question: openedQuestionSchema.nullable(),
  /** Second seals and reveals, each an {@link arrivedMessageSchema}, read one by one as those above. */
  messages: z.array(z.unknown()).max(64),
});
/** One witness asks another to certify a job by what both hold. Answered as `certify` is, under another domain. */
export const agreeRequestSchema = z.strictObject({
  job: jobIdSchema,
  stage: sealedStageSchema,
  question: openedQuestionSchema,
  fullCommits: z.array(commitSchema).max(16),
  reveals: z.array(revealSchema).max(16),
});
/** A certified job, for validators that keep it until it is settled. */
export const certifiedJobSchema = z.strictObject({
  opening: jobOpeningSchema,
  certificate: certificateSchema,
});

/** What one message of routed work may ask for: so many texts, and so many UTF-8 bytes together. */
const maxRoutedTexts = 256;
export const maxRoutedBytes = 1024 * 1024;
export const routeRequestSchema = z.strictObject({
  order: signedByOwner(routedOrderBodySchema),
  texts: z
    .array(textSchema)
    .min(1)
    .max(maxRoutedTexts)
    .refine(
      (texts) => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) <= maxRoutedBytes,
      `one message carries at most ${maxRoutedBytes} bytes of text`,
    ),
});
/**
 * The signature of a list of statements, with what its body cannot be made up from: the rest is who was asked, and the vectors beside
 * it. The text key is the one that the version commits to.
 */
export const listSignatureSchema = z.strictObject({
  version: hashSchema,
  epoch: z.int().nonnegative(),
  textKey: hashSchema,
  signature: bytesSchema(64),
});
export type ListSignature = z.infer<typeof listSignatureSchema>;
export const routeResponseSchema = z.strictObject({
  vectors: z.array(bytesSchema(32_768)).max(maxRoutedTexts),
  /** Without it nobody delivers the vectors. */
  statements: listSignatureSchema.exactOptional(),
});

export const tallyRequestSchema = z.strictObject({ tally: signedByOwner(tallyBodySchema) });
export const tallyResponseSchema = z.strictObject({ tally: signed(tallyBodySchema) });

export const epochEndResponseSchema = z.strictObject({
  signature: z.strictObject({ node: nodeIdSchema, signature: bytesSchema(64) }),
});
