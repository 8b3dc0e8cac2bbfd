import { int16FromBytes, isQuantisedUnit } from '../vector.ts';
import type { DatumEntries } from './lists.ts';
import { type DatumProducts, productsOf } from './products.ts';

/** Dimensions of an expert's own space at most: int16 products are exact enough up to here. */
export const mostExamDimensions = 4_096;

/** A member's vectors, int16, one for each entry of the lists, all of one dimension, of unit length at most. */
export interface ExamAnswers {
  readonly first: readonly Int16Array[];
  readonly second: readonly Int16Array[];
}

/**
 * Opens what a member answered: for every entry 2 bytes a dimension, little-endian. Undefined for what is no answer to lists of this
 * size. Never throws: anybody may have sent it.
 */
export function openExamAnswers(
  first: readonly Uint8Array[],
  second: readonly Uint8Array[],
  lists: { readonly first: { readonly length: number }; readonly second: { readonly length: number } },
): ExamAnswers | undefined {
  if (first.length !== lists.first.length || second.length !== lists.second.length) return undefined;
  const bytes = first[0]?.length ?? 0;
  const isVector = (answer: Uint8Array): boolean => answer.length === bytes;
  if (bytes < 2 || bytes % 2 !== 0 || bytes > 2 * mostExamDimensions) return undefined;
  if (!first.every(isVector) || !second.every(isVector)) return undefined;
  const opened = { first: first.map(int16FromBytes), second: second.map(int16FromBytes) };
  return [...opened.first, ...opened.second].every(isQuantisedUnit) ? opened : undefined;
}

/**
 * A member's products for each datum, in their order, by the assignment and the wrong answers of each. Undefined for a datum
 * that has none: nobody can be judged by it.
 */
export function examProducts(
  { first, second }: ExamAnswers,
  assignment: readonly DatumEntries[],
  wrong: readonly (readonly number[])[],
): readonly (DatumProducts | undefined)[] {
  return assignment.map((datum, index) => {
    const others = wrong[index]!;
    if (others.length === 0) return undefined;
    return productsOf(
      first[datum.first]!,
      datum.second.map((entry) => second[entry]!),
      others.map((entry) => second[entry]!),
    );
  });
}
