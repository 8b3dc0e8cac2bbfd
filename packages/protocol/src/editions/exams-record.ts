import { hashSchema } from '@market-of-experts/core/ids';
import { z } from 'zod';
import { counterSchema } from '../fields/fields.ts';

/** Certified exams of consecutive settlements, as what was chosen or paid by them names them. */
export const examsRecordSchema = z.strictObject({
  /** Hash over the exams (`examsRoot`). */
  root: hashSchema,
  /** Exams that these settlements of the market closed: `fromBatch` (inclusive) to `toBatch` (exclusive). */
  fromBatch: counterSchema,
  toBatch: counterSchema,
  /** Data in them. */
  texts: counterSchema,
});
export type ExamsRecord = Readonly<z.infer<typeof examsRecordSchema>>;
