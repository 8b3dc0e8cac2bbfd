import {
  chooseEdition,
  type EditionChoice,
} from '@market-of-experts/protocol/tasks/embedding/mixture/choose-edition';
import {
  applyChange,
  type ChoiceRules,
  chooseChange,
  type ProvenChange,
} from '@market-of-experts/protocol/tasks/embedding/mixture/choose-weights';
import type { ExamRow, Weights } from '@market-of-experts/protocol/tasks/embedding/mixture/exam-row';

const mostEditions = 24;

/** Editions one after the other by the market's rule, from the founding one until nothing more is proven. */
export function editionsByRule(
  founding: Weights,
  rows: readonly ExamRow[],
  rules: ChoiceRules,
): readonly EditionChoice[] {
  const editions: EditionChoice[] = [];
  let inForce = founding;
  for (let number = 2; number <= mostEditions; number += 1) {
    const choice = chooseEdition(inForce, rows, `edition ${number}`, rules);
    if (choice === undefined) break;
    editions.push(choice);
    if (choice.change === undefined) break;
    inForce = choice.weights;
  }
  return editions;
}

/** What the mean exam loss alone would choose, without proof: from the founding weights on, for each number of parts. */
export function editionsByLoss(
  founding: Weights,
  rows: readonly ExamRow[],
  sizes: readonly number[],
  rules: ChoiceRules,
): ReadonlyMap<number, Weights> {
  const free = { ...rules, provenErrors: 0, encodeCostMillionths: 0 };
  const chosen = new Map<number, Weights>();
  let weights = founding;
  for (const mostParts of sizes) {
    let change: ProvenChange | undefined;
    do {
      change = chooseChange(weights, [rows, rows], { ...free, mostParts });
      if (change !== undefined) weights = applyChange(weights, change);
    } while (change !== undefined);
    chosen.set(mostParts, weights);
  }
  return chosen;
}
