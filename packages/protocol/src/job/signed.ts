import {
  accountIdSchema,
  bytesSchema,
  nodeIdSchema,
  OWNER_SIGNATURE_BYTES,
  type Signed,
} from '@market-of-experts/core';
import { z } from 'zod';

/** Schema of a body with the node that signed it; whether the signature is valid is another question. */
export const signed = <Body>(body: z.ZodType<Body>): z.ZodType<Signed<Body>> =>
  z.strictObject({ body, by: nodeIdSchema, signature: bytesSchema(64) }) as unknown as z.ZodType<
    Signed<Body>
  >;

/** The same, signed by an owner. */
export const signedByOwner = <Body>(body: z.ZodType<Body>): z.ZodType<Signed<Body>> =>
  z.strictObject({
    body,
    by: accountIdSchema,
    signature: bytesSchema(OWNER_SIGNATURE_BYTES),
  }) as unknown as z.ZodType<Signed<Body>>;
