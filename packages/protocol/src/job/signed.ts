import { bytesSchema, nodeIdSchema, type Signed } from '@moe/core';
import { z } from 'zod';

/** Schema of a body with its author and signature; whether the signature is valid is another question. */
export const signed = <Body>(body: z.ZodType<Body>): z.ZodType<Signed<Body>> =>
  z.object({ body, by: nodeIdSchema, signature: bytesSchema(64) }) as unknown as z.ZodType<Signed<Body>>;
