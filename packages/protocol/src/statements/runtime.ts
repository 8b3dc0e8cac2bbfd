import { z } from 'zod';

/**
 * Largest tolerance of a `loose` runtime, in millionths of 1 − cosine: beyond it the raised loss leaves nothing to earn. int8 with a
 * scale for each batch is beyond it (measured: 24,700).
 */
const loosest = 10_000;

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

/**
 * By how much the exam losses of an expert are raised, in millionths, for what its class lets it gain that `float32` does not. Whoever
 * knows the whole assignment and pulls vectors within a tolerance t gains at most 3·√t (measured up to 1 %:
 * docs/decisions/0035-statements.md).
 */
export function raisedLossMillionths(runtime: Runtime): number {
  if (runtime.class !== 'loose') return 0;
  return (
    gainMillionths(runtime.toleranceMillionths) - gainMillionths(toleranceMillionths({ class: 'float32' }))
  );
}

function gainMillionths(tolerance: number): number {
  return Math.floor(Math.sqrt(9_000_000 * tolerance));
}
