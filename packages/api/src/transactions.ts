import type { DestinationWarning, Transaction } from '@market-of-experts/protocol';
import { z } from 'zod';
import { ledgerErrors } from './error-table.ts';
import { count, micro, openEnum, type Told, textLine } from './wire.ts';
import type { JsonOf } from './wire-form.ts';

type WithoutHeader<T> = T extends unknown ? Omit<T, 'network' | 'nonce'> : never;
/** A transaction in JSON: the fields of every kind are those of the protocol, amounts decimal strings, bytes `0x` and hex digits. */
export type TransactionJson = JsonOf<Transaction>;
/** The same; the market fills in `network` and `nonce` where they are missing. */
export type TransactionDraft = JsonOf<WithoutHeader<Transaction>> &
  Partial<Pick<TransactionJson, 'network' | 'nonce'>>;

const record = z.record(z.string(), z.unknown());

export const draftSchema = z.strictObject({
  transaction: record.describe('A transaction; `network` and `nonce` may be left out.'),
});
export const signedSchema = z.strictObject({
  transaction: record,
  signature: z
    .string()
    .regex(/^0x(?:[0-9a-fA-F]{2}){1,65}$/)
    .describe('65 bytes r ‖ s ‖ v of a wallet, or 64 bytes of a node.'),
});
export const placedSchema = z.object({
  index: count.describe('Its place in the ledger.'),
  height: count.describe("The ledger's height."),
});
export type Placed = Told<typeof placedSchema>;

const refusalCodes = Object.keys(ledgerErrors) as [keyof typeof ledgerErrors];
const warningCodes = [
  'no-key',
  'own-account',
  'node-key',
] as const satisfies readonly DestinationWarning['code'][];

const field = z.object({ name: z.string(), type: z.string() });
const typedDataSchema = z.object({
  types: z.record(z.string(), z.array(field)),
  domain: record,
  primaryType: z.string(),
  message: record,
});
export type TypedDataJson = Told<typeof typedDataSchema>;

const effectSchema = z.object({
  outcome: z.discriminatedUnion('applied', [
    z.object({ applied: z.literal(true) }),
    z.object({ applied: z.literal(false), code: openEnum(refusalCodes), message: textLine(2_000) }),
  ]),
  changes: z
    .array(
      z.object({
        table: textLine(64),
        key: textLine(300),
        before: record.exactOptional(),
        after: record.exactOptional(),
      }),
    )
    .max(100_000)
    .describe('All records that change, exactly.'),
  costMicro: micro.describe(
    "What leaves the sender's balance, in micro-credits; less than 0 where something comes in.",
  ),
  headline: textLine().describe('What would come of it, in one sentence made from the changes.'),
  summary: z.array(textLine(2_000)).max(100).describe('Sentences for the person who is about to sign.'),
  warnings: z
    .array(z.object({ code: openEnum(warningCodes), message: textLine(2_000) }))
    .max(20)
    .describe('What is hardly ever meant. Who signs should say that it is.'),
  height: count.describe('Entries of the ledger before it: sent as the next one, it does exactly this.'),
});

/** What a transaction would do if it came now. */
export type EffectFacts = Told<typeof effectSchema>;

export const previewSchema = effectSchema.extend({
  transaction: record.describe('The transaction with the network and the sender’s next nonce.'),
  typedData: typedDataSchema.exactOptional().describe('What an owner’s wallet signs (EIP-712).'),
  signedBytes: z
    .string()
    .exactOptional()
    .describe('What a node signs with ed25519, where a node sends it: `0x` and hex digits.'),
});
export type PreviewAnswer = Told<typeof previewSchema>;
