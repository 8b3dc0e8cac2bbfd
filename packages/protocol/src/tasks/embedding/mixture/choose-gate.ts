import { type ChoiceRules, gainOver } from './choose-weights.ts';
import {
  beside,
  type ExamRow,
  lossOfProducts,
  mixtureLoss,
  mixtureProducts,
  type Weights,
} from './exam-row.ts';
import { gainInUnits, isProven } from './proven-gain.ts';

/** Standard errors by which a place is pulled towards the weights of all places. */
const pulledErrors = 1;

/**
 * Weights of questions at single places: at a place with enough texts one part may weigh otherwise, if the gain, less a standard
 * error, is the greatest on `fitted` and proven on `kept`. Most places have none.
 */
export function chooseGate(
  weights: Weights,
  fitted: readonly ExamRow[],
  kept: readonly ExamRow[],
  rules: ChoiceRules,
): ReadonlyMap<number, Weights> {
  const gate = new Map<number, Weights>();
  if (weights.size < 2) return gate;
  const places = [...new Set(fitted.flatMap(({ place }) => (place === undefined ? [] : [place])))];
  for (const place of places.sort((a, b) => a - b)) {
    const [here, elsewhere] = [fitted, kept].map((rows) => rows.filter((row) => row.place === place));
    if (Math.min(here!.length, elsewhere!.length) < rules.leastPlaceTexts) continue;
    const chosen = bestAt(weights, here!, rules);
    if (chosen === undefined) continue;
    const gain = gainOver(elsewhere!, (row) => mixtureLoss(row, weights) - mixtureLoss(row, chosen));
    if (isProven(gain, 0, rules.provenErrors)) gate.set(place, chosen);
  }
  return gate;
}

function bestAt(weights: Weights, rows: readonly ExamRow[], { mostSteps }: ChoiceRules): Weights | undefined {
  const before = rows.map((row) => mixtureLoss(row, weights));
  let best: Weights | undefined;
  let most = 0;
  for (const [expert, fromSteps] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const others = new Map([...weights].filter(([name]) => name !== expert));
    const rest = rows.map((row) => mixtureProducts(row, others));
    for (let steps = 0; steps <= mostSteps; steps += 1) {
      if (steps === fromSteps) continue;
      const gain = gainOver(rows, ({ products }, index) => {
        const after = beside(rest[index], products.get(expert), steps);
        return before[index]! - lossOfProducts(after);
      });
      const { mean, error } = gainInUnits(gain);
      if (mean - pulledErrors * error > most) {
        most = mean - pulledErrors * error;
        best = new Map(weights).set(expert, steps);
      }
    }
  }
  return best;
}
