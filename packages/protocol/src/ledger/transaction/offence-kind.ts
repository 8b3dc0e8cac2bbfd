import { z } from 'zod';

/** For what stake can be lost once it is proven. */
export const offenceKindSchema = z.enum([
  'equivocation',
  'double-certificate',
  'double-settlement',
  'invalid-settlement',
  'contradiction',
]);
export type OffenceKind = z.infer<typeof offenceKindSchema>;
