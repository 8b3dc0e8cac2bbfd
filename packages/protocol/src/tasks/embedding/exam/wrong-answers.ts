import type { ExamLists } from './lists.ts';
import { areNearDuplicates, shinglesOf } from './near-duplicates.ts';

/**
 * For each datum the entries of the second list that are wrong answers for it, in their order: neither its own, nor near-duplicates of
 * its kept part and pieces, nor pieces of a datum that as a whole is one. Everybody who has the lists gets the same.
 */
export function wrongAnswers({ first, second, assignment }: ExamLists): readonly (readonly number[])[] {
  const entries = second.map((text) => shinglesOf(text));
  const data = assignment.map((datum) =>
    shinglesOf(first[datum.first]!, ...datum.second.map((index) => second[index]!)),
  );
  return assignment.map((datum, own) => {
    const excluded = new Set(datum.second);
    for (const [other, shingles] of data.entries())
      if (other !== own && areNearDuplicates(shingles, data[own]!))
        for (const index of assignment[other]!.second) excluded.add(index);
    for (const [index, shingles] of entries.entries())
      if (!excluded.has(index) && areNearDuplicates(shingles, data[own]!)) excluded.add(index);
    return [...second.keys()].filter((index) => !excluded.has(index));
  });
}
