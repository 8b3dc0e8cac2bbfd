import { type Hash, hashSchema } from '@market-of-experts/core';
import {
  type Certificate,
  certificateSchema,
  type RoutedTally,
  signed,
  signedByOwner,
  type Ticket,
  tallyBodySchema,
  ticketSchema,
  type VoidBody,
  voidBodySchema,
} from '@market-of-experts/protocol';
import { z } from 'zod';

/** What stands behind one order of a settlement: a certificate, a tally of routed work, or a void. */
export type SettlementProof =
  | {
      readonly kind: 'certificate';
      readonly certificate: Certificate;
      /** From which the draw, and so the set of witnesses, follows. */
      readonly tickets: readonly Ticket[];
      readonly roster: Hash;
    }
  | { readonly kind: 'tally'; readonly tally: RoutedTally; readonly roster: Hash }
  /** Nothing came of the order: nobody's word, the signer's own rule. */
  | { readonly kind: 'void'; readonly body: VoidBody };

export const settlementProofSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('certificate'),
    certificate: certificateSchema,
    tickets: z.array(ticketSchema).max(16),
    roster: hashSchema,
  }),
  z.strictObject({
    kind: z.literal('tally'),
    tally: z.strictObject({ client: signedByOwner(tallyBodySchema), worker: signed(tallyBodySchema) }),
    roster: hashSchema,
  }),
  z.strictObject({ kind: z.literal('void'), body: voidBodySchema }),
]);
