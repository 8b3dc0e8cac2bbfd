import { z } from 'zod';

declare const brand: unique symbol;
/** A string that only its own schema can make. */
export type Brand<Name extends string> = string & { readonly [brand]: Name };

const hex32 = /^[0-9a-f]{64}$/;

/** SHA-256 digest, 64 lowercase hex digits. */
export type Hash = Brand<'Hash'>;
/** Address (Ethereum, `0x` and 40 lowercase hex digits) of an owner: holds and moves money. */
export type AccountId = Brand<'AccountId'>;
/** Public key (ed25519, hex) of a node: signs work, moves nothing. */
export type NodeId = Brand<'NodeId'>;
/** Who sends a transaction: an owner, or a node that reports its work. */
export type SenderId = AccountId | NodeId;
/** Short name of a market, e.g. `text-embedding`. */
export type MarketId = Brand<'MarketId'>;
/** Hash of the signed order that opened the job. */
export type JobId = Brand<'JobId'>;

export const hashSchema = z.string().regex(hex32, 'must be 64 lowercase hex digits') as unknown as z.ZodType<
  Hash,
  string
>;
export const accountIdSchema = z
  .string()
  .regex(/^0x[0-9a-f]{40}$/, 'must be 0x and 40 lowercase hex digits') as unknown as z.ZodType<
  AccountId,
  string
>;
export const nodeIdSchema = hashSchema as unknown as z.ZodType<NodeId, string>;
export const jobIdSchema = hashSchema as unknown as z.ZodType<JobId, string>;
export const marketIdSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{1,62}$/,
    'must be 2 to 63 lowercase letters, digits or hyphens',
  ) as unknown as z.ZodType<MarketId, string>;
/** Amounts travel as integers: CBOR gives a number when it is small and a bigint when it is large. */
export const amountSchema = z
  .union([z.bigint(), z.int()])
  .transform((value) => BigInt(value))
  .refine((value) => value >= 0n && value <= 2n ** 62n, 'must be between 0 and 2^62 micro-credits');
/** Bytes of at most `maxBytes`. */
export function bytesSchema(maxBytes: number): z.ZodType<Uint8Array> {
  return z
    .instanceof(Uint8Array)
    .refine((bytes) => bytes.length <= maxBytes, `must be at most ${maxBytes} bytes`);
}
