import { z } from 'zod';

/** A number of a market's terms by its form alone; what it may be in a market is checked by `problemOfTerms`. */
export const countSchema = z
  .int()
  .min(0)
  .max(2 ** 31);
export const bpsSchema = z.int().min(0).max(10_000);
