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
  type MarketId,
  marketIdSchema,
  type NodeId,
  nodeIdSchema,
} from '@market-of-experts/core';
import { z } from 'zod';
import type { SlashReason } from '../parameters/money-parameters.ts';
import { limits, type Transcript } from './messages.ts';

export type MemberOutcome =
  | 'scored'
  | 'declined'
  /** Out of the job, but not provably by its own fault. */
  | 'missed'
  /** Scored, but its view of the pieces is against the others': it judged nobody and cannot win. */
  | 'dissenting'
  | SlashReason;

export interface CertifiedMember {
  readonly principal: NodeId;
  /** Who did the work: the principal, or the friend that it called. */
  readonly worker: NodeId;
  /** The worker's share of the fee and of penalties; all of it where it is the principal. */
  readonly workerBps: number;
  readonly onProbation: boolean;
  readonly outcome: MemberOutcome;
  /** `[worse, compared]`: exact loss for each datum, null where it was not scored. */
  readonly losses: readonly (readonly [number, number] | null)[];
  /** What the winner's rule knew of the worker: `[jobs, excessUnits]` globally and at the place. */
  readonly standing: {
    readonly global: readonly [number, number];
    readonly place: readonly [number, number];
  };
  /** Taken from the principal's stake, and from the worker's where it is another. */
  readonly slashMicro: Amount;
  readonly workerSlashMicro: Amount;
}

/** What came of one of a job's data. */
export interface CertifiedDatum {
  /** Id of its order, which is that of its receipt. */
  readonly order: Hash;
  readonly client: AccountId;
  readonly clientSeq: number;
  /**
   * Where the datum lies, as its task says it (`Task.placeOf`), which makes it a record of history. Empty when nobody was scored.
   */
  readonly vector: Uint8Array;
  /** Keeps the vector from being guessed where it is hidden. */
  readonly vectorSalt: Hash;
  readonly winner: NodeId | null;
  /** Paid to the winner: 0 where there is none. */
  readonly feeMicro: Amount;
}

/** The same for who may not know where the datum lies: what is signed of it. */
export type HiddenDatum = Omit<CertifiedDatum, 'vector' | 'vectorSalt'> & { readonly vectorHash: Hash };

/** The outcome of a job: its clients' receipts, and what settles their orders. Signed by its witnesses. */
export interface CertificateBody {
  readonly network: string;
  readonly market: MarketId;
  readonly job: JobId;
  /** One for each order, in the order of the job. */
  readonly data: readonly CertifiedDatum[];
  readonly roster: Hash;
  /** Hash of the transcript: evidence of every number here. */
  readonly transcript: Hash;
  /** Settlement batch up to which the standings were counted. */
  readonly batch: number;
  /** Of all of its data. */
  readonly place: number;
  readonly members: readonly CertifiedMember[];
}
/** An outcome of which some data may be hidden. */
export type ShownCertificateBody = Omit<CertificateBody, 'data'> & {
  readonly data: readonly (CertifiedDatum | HiddenDatum)[];
};
/** What is signed: all data hidden, so that signatures hold whatever of them is shown. */
export type SignedCertificateBody = Omit<CertificateBody, 'data'> & { readonly data: readonly HiddenDatum[] };
export type CertificateSignature = { readonly by: NodeId; readonly signature: Uint8Array };
export interface Certificate {
  readonly body: CertificateBody;
  readonly signatures: readonly CertificateSignature[];
  /** The witnesses agreed on the transcript among themselves, since nobody asked them for a certificate. */
  readonly isOfWitnesses?: true;
}
/** A certificate of which some data may be hidden. */
export type ShownCertificate = Omit<Certificate, 'body'> & { readonly body: ShownCertificateBody };
export const certificateDomain = 'moe/certificate/2';
/**
 * Under it witnesses certify a job without its coordinator. A domain of its own, and not one outcome for ever: a coordinator
 * that showed each of them another transcript, or a witness that proposes several, cannot keep the others from agreeing on one.
 */
export const witnessesDomain = 'moe/certificate-of-witnesses/2';

const lossSchema = z.tuple([z.int().nonnegative(), z.int().nonnegative()]);
const tallySchema = z.tuple([z.int().nonnegative(), z.int()]);
const datumFields = {
  order: hashSchema,
  client: accountIdSchema,
  clientSeq: z.int().nonnegative(),
  winner: nodeIdSchema.nullable(),
  feeMicro: amountSchema,
};
const wholeDatumSchema = z.strictObject({
  ...datumFields,
  vector: bytesSchema(limits.answerBytes),
  vectorSalt: hashSchema,
});
const hiddenDatumSchema = z.strictObject({ ...datumFields, vectorHash: hashSchema });

const bodyOf = <Datum extends z.ZodType>(datum: Datum) =>
  z.strictObject({
    network: z.string().max(64),
    market: marketIdSchema,
    job: jobIdSchema,
    data: z.array(datum).min(1).max(limits.orders),
    roster: hashSchema,
    transcript: hashSchema,
    batch: z.int().nonnegative(),
    place: z.int().nonnegative(),
    members: z
      .array(
        z.strictObject({
          principal: nodeIdSchema,
          worker: nodeIdSchema,
          workerBps: z.int().min(0).max(10_000),
          onProbation: z.boolean(),
          outcome: z.enum([
            'scored',
            'declined',
            'missed',
            'dissenting',
            'late',
            'outlier',
            'no-reveal',
            'wrong-reveal',
            'equivocation',
          ]),
          losses: z.array(lossSchema.nullable()).min(1).max(limits.orders),
          standing: z.strictObject({ global: tallySchema, place: tallySchema }),
          slashMicro: amountSchema,
          workerSlashMicro: amountSchema,
        }),
      )
      .max(limits.members),
  });
export const certificateBodySchema: z.ZodType<CertificateBody> = bodyOf(wholeDatumSchema);
export const signedCertificateBodySchema: z.ZodType<SignedCertificateBody> = bodyOf(hiddenDatumSchema);

const signaturesSchema = z
  .array(z.strictObject({ by: nodeIdSchema, signature: bytesSchema(64) }))
  .max(limits.witnesses);
export const certificateSchema: z.ZodType<Certificate> = z.strictObject({
  body: certificateBodySchema,
  signatures: signaturesSchema,
  isOfWitnesses: z.literal(true).exactOptional(),
});
export const shownCertificateSchema: z.ZodType<ShownCertificate> = z.strictObject({
  body: bodyOf(z.union([wholeDatumSchema, hiddenDatumSchema])),
  signatures: signaturesSchema,
  isOfWitnesses: z.literal(true).exactOptional(),
});

export function transcriptHash(transcript: Transcript): Hash {
  return hashOf('moe/transcript/1', transcript);
}

/** The datum without where it lies. */
export function hiddenDatum(datum: CertifiedDatum | HiddenDatum): HiddenDatum {
  if ('vectorHash' in datum) return datum;
  const { vector, vectorSalt, ...known } = datum;
  return { ...known, vectorHash: hashOf('moe/datum-vector/1', [vectorSalt, vector]) };
}

/** What is signed of a body, and hashed: the same whatever of it is hidden. */
export function signedForm(body: ShownCertificateBody): SignedCertificateBody {
  return { ...body, data: body.data.map(hiddenDatum) };
}

/** What the witnesses of a certificate have signed. */
export function certificateBytes({
  body,
  isOfWitnesses,
}: Pick<ShownCertificate, 'body' | 'isOfWitnesses'>): Uint8Array {
  return encode([isOfWitnesses === true ? witnessesDomain : certificateDomain, signedForm(body)]);
}

export function certificateHash(body: ShownCertificateBody): Hash {
  return hashOf(certificateDomain, signedForm(body));
}

/** Whether at least two thirds of the drawn witnesses signed. Signatures are checked by the caller. */
export function hasWitnessQuorum(signers: readonly NodeId[], witnesses: readonly NodeId[]): boolean {
  const valid = new Set(signers.filter((node) => witnesses.includes(node)));
  return witnesses.length > 0 && 3 * valid.size >= 2 * witnesses.length;
}
