import { type ExamRow, lossUnit, mixtureLoss, type Weights } from './exam-row.ts';
import { gainInUnits, isProven, type MeanGain, meanGain } from './proven-gain.ts';

/** What a market's owner sets about the choice of editions. */
export interface ChoiceRules {
  readonly mostParts: number;
  /** Greatest weight of a part, in halves. */
  readonly mostSteps: number;
  /** Weights at which a newcomer is tried, in halves. */
  readonly newcomerSteps: readonly number[];
  /** Fewer exams than this change nothing … */
  readonly leastTexts: number;
  /** … nor do those of fewer documents. */
  readonly leastDocuments: number;
  /** A place has a gate from this many texts on, in each half of the exams. */
  readonly leastPlaceTexts: number;
  /** Loss, in millionths, that an expert must save: what it costs to ask one more. */
  readonly encodeCostMillionths: number;
  /** Standard errors by which a gain must be above zero. */
  readonly provenErrors: number;
  /** Weight of the shallow predictor beside a mixture, in halves. */
  readonly shallowSteps: number;
}

export const defaultChoiceRules: ChoiceRules = {
  mostParts: 8,
  mostSteps: 64,
  newcomerSteps: [1, 2, 4, 8, 16],
  leastTexts: 500,
  leastDocuments: 60,
  leastPlaceTexts: 40,
  encodeCostMillionths: 1_000,
  provenErrors: 2,
  shallowSteps: 2,
};

/** One expert more, one less, or one with another weight. */
export interface Change {
  readonly kind: 'drop' | 'weigh' | 'add';
  readonly expert: string;
  readonly fromSteps: number;
  readonly toSteps: number;
}

/** A change with what speaks for it on the exams that it was not chosen by: gain of loss, costs not taken off. */
export interface ProvenChange extends Change {
  readonly gain: number;
  readonly standardError: number;
}

export function applyChange(weights: Weights, { expert, toSteps }: Change): Weights {
  const changed = new Map(weights).set(expert, toSteps);
  if (toSteps === 0) changed.delete(expert);
  return changed;
}

/**
 * The one change that lowers the mean loss most: of each kind the best on `fitted` is looked for, and of these, the greatest gain
 * first, the first that is proven on `kept`. Costs of encodes count. Undefined where nothing is proven.
 */
export function chooseChange(
  weights: Weights,
  fitted: readonly ExamRow[],
  kept: readonly ExamRow[],
  rules: ChoiceRules,
): ProvenChange | undefined {
  const before = fitted.map((row) => mixtureLoss(row, weights));
  const best = new Map<Change['kind'], { readonly change: Change; readonly net: bigint }>();
  for (const change of changesOf(weights, fitted, rules)) {
    const after = applyChange(weights, change);
    const { sum, weight } = gainOver(fitted, (row, index) => before[index]! - mixtureLoss(row, after));
    const net = sum - weight * BigInt(costUnits(change, rules)) * 2n ** 30n;
    if (net > (best.get(change.kind)?.net ?? 0n)) best.set(change.kind, { change, net });
  }
  const inTurn = [...best.values()].sort((a, b) => (a.net === b.net ? 0 : a.net > b.net ? -1 : 1));
  for (const { change } of inTurn) {
    const after = applyChange(weights, change);
    const gain = gainOver(kept, (row) => mixtureLoss(row, weights) - mixtureLoss(row, after));
    const { mean, error } = gainInUnits(gain);
    if (
      isProven(gain, costUnits(change, rules), rules.provenErrors) &&
      addsToShallow(change, weights, kept, rules)
    )
      return { ...change, gain: mean / lossUnit, standardError: error / lossUnit };
  }
  return undefined;
}

/** In an order that depends on names alone; where two are equally good the simpler comes first. */
function changesOf(weights: Weights, rows: readonly ExamRow[], rules: ChoiceRules): Change[] {
  const parts = [...weights].sort(([a], [b]) => (a < b ? -1 : 1));
  const names = new Set(rows.flatMap(({ products }) => [...products.keys()]));
  const newcomers =
    weights.size < rules.mostParts ? [...names].filter((name) => !weights.has(name)).sort() : [];
  const steps = Array.from({ length: rules.mostSteps }, (_, index) => index + 1);
  return [
    ...(parts.length > 1 ? parts : []).map(
      ([expert, fromSteps]) => ({ kind: 'drop', expert, fromSteps, toSteps: 0 }) as const,
    ),
    ...(parts.length > 1 ? parts : []).flatMap(([expert, fromSteps]) =>
      steps
        .filter((toSteps) => toSteps !== fromSteps)
        .map((toSteps) => ({ kind: 'weigh', expert, fromSteps, toSteps }) as const),
    ),
    ...newcomers.flatMap((expert) =>
      rules.newcomerSteps.map((toSteps) => ({ kind: 'add', expert, fromSteps: 0, toSteps }) as const),
    ),
  ];
}

/** What a change must gain to be worth it: an encode more costs, one less gives back. */
function costUnits({ kind }: Change, { encodeCostMillionths }: ChoiceRules): number {
  const encodes = kind === 'add' ? 1 : kind === 'drop' ? -1 : 0;
  return Math.round((encodes * encodeCostMillionths * lossUnit) / 1_000_000);
}

/** A newcomer must also add to the mixture with a predictor that sees only the form of texts, where there is one. */
function addsToShallow(
  change: Change,
  weights: Weights,
  kept: readonly ExamRow[],
  rules: ChoiceRules,
): boolean {
  const rows = kept.filter(({ shallow }) => shallow !== undefined);
  if (change.kind !== 'add' || rows.length === 0) return true;
  const after = applyChange(weights, change);
  const gain = gainOver(
    rows,
    (row) => mixtureLoss(row, weights, rules.shallowSteps) - mixtureLoss(row, after, rules.shallowSteps),
  );
  return isProven(gain, costUnits(change, rules), rules.provenErrors);
}

/** Mean over rows of what each says, in loss units. */
export function gainOver(
  rows: readonly ExamRow[],
  unitsOf: (row: ExamRow, index: number) => number,
): MeanGain {
  return meanGain(
    rows.map((row, index) => ({
      client: row.client,
      document: row.document,
      feeMicro: row.feeMicro,
      units: unitsOf(row, index),
    })),
  );
}
