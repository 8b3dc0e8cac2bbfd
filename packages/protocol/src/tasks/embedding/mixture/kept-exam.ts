import {
  type AccountId,
  type Amount,
  accountIdSchema,
  amountSchema,
  bytesSchema,
  decode,
  encode,
  type Hash,
  hashOf,
  hashSchema,
  type NodeId,
  nodeIdSchema,
} from '@market-of-experts/core';
import { z } from 'zod';
import { counterSchema } from '../../../fields/fields.ts';
import { type CertificateBody, certificateHash } from '../../../job/certificate.ts';
import { limits, type Transcript } from '../../../job/messages.ts';
import { questionLimits } from '../../../job/question.ts';
import { certificateEffects } from '../../../settlement/effects.ts';
import { examProducts, openExamAnswers } from '../exam/exam-answers.ts';
import type { DatumProducts } from '../exam/products.ts';

/** An expert that was examined, whoever had been drawn for its seat. */
export interface ExaminedExpert {
  readonly node: NodeId;
  /** Which model answered; null where nobody says, so that nothing can be named by it. */
  readonly modelVersion: Hash | null;
  /** Of its own space. */
  readonly dimensions: number;
}

/** One datum of an exam: whose it was, what it is worth, and how every expert's vectors told its pieces from others. */
export interface KeptDatum {
  readonly client: AccountId;
  readonly clientSeq: number;
  /** What the client paid to others than itself. */
  readonly feeMicro: Amount;
  /** Pieces of its own: the first so many products. */
  readonly own: number;
  /** For each examined expert `⟨kept part, entry⟩`, int32, little-endian: own pieces, then wrong answers; null where it has none. */
  readonly products: readonly (Uint8Array | null)[];
}

/**
 * What the choice of an edition and the pay of its parts look at in a certified exam: no text and no vector. Anybody who has
 * certificate and transcript makes the same (`keptExam`).
 */
export interface KeptExam {
  /** Hash of the certificate. */
  readonly certificate: Hash;
  /** By node, each once. */
  readonly experts: readonly ExaminedExpert[];
  /** One for each order of the certificate. */
  readonly data: readonly KeptDatum[];
}

const productBytes = 4;

export const keptExamSchema: z.ZodType<KeptExam> = z
  .strictObject({
    certificate: hashSchema,
    experts: z
      .array(
        z.strictObject({
          node: nodeIdSchema,
          modelVersion: hashSchema.nullable(),
          dimensions: z.int().min(1).max(4_096),
        }),
      )
      .max(limits.members),
    data: z
      .array(
        z.strictObject({
          client: accountIdSchema,
          clientSeq: counterSchema,
          feeMicro: amountSchema,
          own: z.int().min(0).max(questionLimits.entries),
          products: z
            .array(bytesSchema(productBytes * questionLimits.entries).nullable())
            .max(limits.members),
        }),
      )
      .min(1)
      .max(limits.orders),
  })
  .refine(
    ({ experts, data }) => data.every(({ products }) => products.length === experts.length),
    'each datum has products, or null, for every expert',
  )
  .refine(
    ({ data }) => data.every(haveOneForm),
    'the products of a datum are of the same own pieces and wrong answers, one or more of each',
  );

function haveOneForm({ own, products }: KeptDatum): boolean {
  const sizes = new Set(products.flatMap((bytes) => (bytes === null ? [] : [bytes.length])));
  const [size = productBytes * (own + 1)] = sizes;
  return (
    sizes.size <= 1 && size % productBytes === 0 && own < size / productBytes && (sizes.size === 0 || own > 0)
  );
}

/** Whom an exam pays, by what its roster says. */
type ExamRoster = Parameters<typeof certificateEffects>[2];

/**
 * What is kept of a certified exam whose transcript is the certificate's own. Experts count that were scored; one that answered in several
 * seats counts once, in its own seat where it sat there. Never throws: an answer that is none has no products.
 */
export function keptExam(
  body: CertificateBody,
  { question, reveals }: Transcript,
  roster: ExamRoster,
  modelOf: (node: NodeId) => Hash | undefined,
): KeptExam {
  const wrong = question.assignment.map((datum) => datum.wrong);
  const scored = body.members
    .filter(({ losses }) => losses.some((loss) => loss !== null))
    .toSorted((a, b) => seatOrder(a) - seatOrder(b) || (a.principal < b.principal ? -1 : 1));
  const examined = new Map<
    NodeId,
    { dimensions: number; products: readonly (DatumProducts | undefined)[] }
  >();
  for (const { principal, worker } of scored) {
    const reveal = reveals.find((each) => each.principal === principal && each.worker === worker);
    const answers = reveal === undefined ? undefined : openExamAnswers(reveal.first, reveal.second, question);
    if (answers === undefined || examined.has(worker)) continue;
    examined.set(worker, {
      dimensions: answers.first[0]!.length,
      products: examProducts(answers, question.assignment, wrong),
    });
  }
  const experts = [...examined].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    certificate: certificateHash(body),
    experts: experts.map(([node, { dimensions }]) => ({
      node,
      modelVersion: modelOf(node) ?? null,
      dimensions,
    })),
    data: body.data.map(({ client, clientSeq }, index) => {
      const all = experts.map(([, { products }]) => products[index]);
      return {
        client,
        clientSeq,
        feeMicro: paidToOthers(body, index, roster),
        own: all.find((products) => products !== undefined)?.own.length ?? 0,
        products: all.map((products) => (products === undefined ? null : bytesOf(products))),
      };
    }),
  };
}

/** Own seats first. */
function seatOrder({ principal, worker }: CertificateBody['members'][number]): number {
  return principal === worker ? 0 : 1;
}

function paidToOthers(body: CertificateBody, datum: number, roster: ExamRoster): Amount {
  const { client, deltas } = certificateEffects({ body, signatures: [] }, datum, roster);
  return deltas.reduce(
    (sum, { account, deltaMicro }) => (account !== client && deltaMicro > 0n ? sum + deltaMicro : sum),
    0n,
  );
}

function bytesOf({ own, others }: DatumProducts): Uint8Array {
  const bytes = new Uint8Array(productBytes * (own.length + others.length));
  const view = new DataView(bytes.buffer);
  for (const [index, product] of [...own, ...others].entries())
    view.setInt32(productBytes * index, product, true);
  return bytes;
}

/** Products of one expert for one datum; undefined where it has none. */
export function keptProducts({ own, products }: KeptDatum, expert: number): DatumProducts | undefined {
  const bytes = products[expert];
  if (bytes === null || bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const all = Array.from({ length: bytes.length / productBytes }, (_, index) =>
    view.getInt32(productBytes * index, true),
  );
  return { own: all.slice(0, own), others: all.slice(own) };
}

const keptExamDomain = 'moe/kept-exam/1';
/** Bytes of one at most: 12 data of 16 experts and 192 entries. */
const mostExamBytes = 256 * 1024;

/** What it is kept as: bytes whose SHA-256 is {@link keptExamHash}. */
export function keptExamBytes(exam: KeptExam): Uint8Array {
  return encode([keptExamDomain, exam]);
}

/** Throws `invalid-encoding` for bytes that are no kept exam. */
export function readKeptExam(bytes: Uint8Array): KeptExam {
  return decode(bytes, z.tuple([z.literal(keptExamDomain), keptExamSchema]), mostExamBytes)[1];
}

/** Made once for each: most exams of a window are in the next one. */
const hashes = new WeakMap<KeptExam, Hash>();

export function keptExamHash(exam: KeptExam): Hash {
  const hash = hashes.get(exam) ?? hashOf(keptExamDomain, exam);
  hashes.set(exam, hash);
  return hash;
}
