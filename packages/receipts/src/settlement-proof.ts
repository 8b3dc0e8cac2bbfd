import { type Hash, hashSchema } from '@market-of-experts/core';
import {
  type Certificate,
  certificateSchema,
  limits,
  type RoutedTally,
  type ShownCertificate,
  shownCertificateSchema,
  signed,
  signedByOwner,
  type Ticket,
  tallyBodySchema,
  ticketSchema,
  type VoidBody,
  voidBodySchema,
} from '@market-of-experts/protocol';
import { z } from 'zod';

/** What stands behind orders of a settlement: a certificate, a tally of routed work, or a void. */
export type SettlementProof =
  | {
      readonly kind: 'certificate';
      readonly certificate: Certificate;
      /** Which of its orders, by their place in it: in a settlement one or more, in a receipt the one that it is of. */
      readonly data: readonly number[];
      /** From which the draw, and so the set of witnesses, follows. */
      readonly tickets: readonly Ticket[];
      readonly roster: Hash;
    }
  | { readonly kind: 'tally'; readonly tally: RoutedTally; readonly roster: Hash }
  /** Nothing came of the order: nobody's word, the signer's own rule. */
  | { readonly kind: 'void'; readonly body: VoidBody };

/** The same as it is shown: of a certificate some data may be hidden. */
export type ShownProof =
  | (Omit<Extract<SettlementProof, { kind: 'certificate' }>, 'certificate'> & {
      readonly certificate: ShownCertificate;
    })
  | Exclude<SettlementProof, { kind: 'certificate' }>;

const certifiedSchema = <Schema extends z.ZodType>(certificate: Schema) =>
  z.strictObject({
    kind: z.literal('certificate'),
    certificate,
    data: z
      .array(
        z
          .int()
          .min(0)
          .max(limits.orders - 1),
      )
      .min(1)
      .max(limits.orders),
    tickets: z.array(ticketSchema).max(16),
    roster: hashSchema,
  });
const tallySchema = z.strictObject({
  kind: z.literal('tally'),
  tally: z.strictObject({ client: signedByOwner(tallyBodySchema), worker: signed(tallyBodySchema) }),
  roster: hashSchema,
});
const voidSchema = z.strictObject({ kind: z.literal('void'), body: voidBodySchema });

export const settlementProofSchema = z.discriminatedUnion('kind', [
  certifiedSchema(certificateSchema),
  tallySchema,
  voidSchema,
]);
export const shownProofSchema = z.discriminatedUnion('kind', [
  certifiedSchema(shownCertificateSchema),
  tallySchema,
  voidSchema,
]);
