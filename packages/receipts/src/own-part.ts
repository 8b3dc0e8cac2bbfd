import { type Hash, hashSchema } from '@market-of-experts/core';
import {
  assignmentHash,
  type CertifiedDatum,
  type Commit,
  commitSchema,
  type HiddenDatum,
  hiddenDatum,
  limits,
  listsOf,
  type Order,
  orderSchema,
  questionLimits,
  type ShownCertificate,
  type ShownCertificateBody,
  type Transcript,
} from '@market-of-experts/protocol';
import { z } from 'zod';

/**
 * What the receipt of an order shows of a job in which other clients had orders, in place of its transcript: that holds their orders and
 * all answers, against which guesses at their texts could be tested.
 */
export interface OwnPart {
  readonly order: Order;
  /** Names of the entries of the second list, of all orders. */
  readonly list: readonly Hash[];
  /** Hash of the assignment, which stands in every seal with the list. */
  readonly assignment: Hash;
  /** Seals of the answers to that list. */
  readonly commits: readonly Commit[];
}

export const ownPartSchema: z.ZodType<OwnPart> = z.strictObject({
  order: orderSchema,
  list: z.array(hashSchema).min(1).max(questionLimits.entries),
  assignment: hashSchema,
  commits: z.array(commitSchema).max(limits.members),
});

/** Whether a certificate is of orders of several clients. */
export function isShared({ data }: ShownCertificateBody): boolean {
  return new Set(data.map(({ client }) => client)).size > 1;
}

export function ownPartOf({ orders, question, fullCommits }: Transcript, datum: number): OwnPart {
  return {
    order: orders[datum]!,
    list: question.second,
    assignment: assignmentHash(question.assignment, question.salt),
    commits: fullCommits.filter(({ body }) => body.list === listsOf(question).second),
  };
}

/** A certificate that says where no datum lies but one, or none. */
export function certificateFor(
  certificate: ShownCertificate,
  isShown: (datum: number) => boolean,
): ShownCertificate {
  const data = certificate.body.data.map((each, datum): CertifiedDatum | HiddenDatum =>
    isShown(datum) ? each : hiddenDatum(each),
  );
  return { ...certificate, body: { ...certificate.body, data } };
}
