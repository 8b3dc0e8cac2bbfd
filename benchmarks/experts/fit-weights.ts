import {
  meanOverKinds,
  mixed,
  type Products,
  questions,
  type RetrievalSide,
  reciprocalRanksIn,
} from './retrieval-side.ts';

/** Weights that are tried, for products of equal spread; the first part has 1. */
const steps = [0, 0.1, 0.2, 0.35, 0.5, 0.8, 1.2, 2];
const rounds = 3;

/**
 * Weights under which the right rest ranks highest on this side, by coordinate ascent over fixed steps, on products brought to
 * equal spread. What comes back is for the products as they are.
 */
export function fitWeights(side: RetrievalSide, parts: readonly Products[]): number[] {
  const spreads = parts.map(({ start }) => deviationOf(start));
  const weights: number[] = parts.map((_, part) => (part === 0 ? 1 : 0));
  const value = (): number =>
    questions.reduce(
      (sum, kind) =>
        sum +
        meanOverKinds(
          side,
          reciprocalRanksIn(
            mixed(
              parts,
              weights.map((weight, part) => weight / spreads[part]!),
              kind,
            ),
            side.texts.length,
          ),
        ),
      0,
    );
  let best = value();
  for (let round = 0; round < rounds; round++) {
    const before = best;
    for (let part = 1; part < parts.length; part++) {
      let chosen = weights[part]!;
      for (const step of steps) {
        weights[part] = step;
        const found = value();
        if (found <= best) continue;
        best = found;
        chosen = step;
      }
      weights[part] = chosen;
    }
    if (best === before) break;
  }
  return weights.map((weight, part) => (weight * spreads[0]!) / spreads[part]!);
}

function deviationOf(values: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  return Math.sqrt(Math.max(0, squares / values.length - (sum / values.length) ** 2)) || 1;
}
