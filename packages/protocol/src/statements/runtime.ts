import { z } from 'zod';

/** Largest tolerance of a `loose` runtime, in millionths of 1 − cosine: int8 with scales per batch is within it. */
const loosest = 20_000;

/** How steady the vectors of one text are, where the expert runs. Measured classes: docs/decisions/0035-statements.md. */
export const runtimeSchema = z.discriminatedUnion('class', [
  /** The same bytes always: plain arithmetic in a fixed order. */
  z.strictObject({ class: z.literal('exact') }),
  /** Sums in another order from batch to batch, thread to thread, or after an update of the library. */
  z.strictObject({ class: z.literal('float32') }),
  /** Anything less steady, as far as it says itself; its exam loss is raised by what a liar gains by as much. */
  z.strictObject({ class: z.literal('loose'), toleranceMillionths: z.int().min(11).max(loosest) }),
]);
export type Runtime = Readonly<z.infer<typeof runtimeSchema>>;

/** How far two vectors of one text may be from one another: 1 − cosine of unit vectors, in millionths. */
export function toleranceMillionths(runtime: Runtime): number {
  switch (runtime.class) {
    case 'exact':
      return 0;
    case 'float32':
      return 10;
    case 'loose':
      return runtime.toleranceMillionths;
  }
}
