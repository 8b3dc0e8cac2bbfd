import type { DatumProducts } from '../exam/products.ts';
import {
  beside,
  type ExamRow,
  lossOfProducts,
  lossUnit,
  mixtureLoss,
  mixtureProducts,
  type Weights,
} from './exam-row.ts';
import {
  type DatumGain,
  gainInUnits,
  isProven,
  type MeanGain,
  meanGain,
  unitsOfMean,
} from './proven-gain.ts';

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
  mostSteps: 16,
  newcomerSteps: [1, 2, 4, 8],
  leastTexts: 500,
  leastDocuments: 60,
  leastPlaceTexts: 40,
  encodeCostMillionths: 1_000,
  provenErrors: 2,
  shallowSteps: 2,
};

const kinds = ['drop', 'weigh', 'add'] as const;

/** One expert more, one less, or one with another weight. */
export interface Change {
  readonly kind: (typeof kinds)[number];
  readonly expert: string;
  readonly fromSteps: number;
  readonly toSteps: number;
}

/** A change with what speaks for it on the exams that it was not chosen by: gain of loss, costs not taken off. */
export interface ProvenChange extends Change {
  readonly gain: number;
  readonly standardError: number;
}

export function applyChange(
  weights: Weights,
  { expert, toSteps }: Pick<Change, 'expert' | 'toSteps'>,
): Weights {
  const changed = new Map(weights).set(expert, toSteps);
  if (toSteps === 0) changed.delete(expert);
  return changed;
}

/** The best of its kind on one half of the exams. */
interface Candidate {
  readonly change: Change;
  /** Gain of loss less what the encode costs, summed with weights. */
  readonly net: bigint;
}

/** A change, and what is to prove it: exams of which none was looked at to choose the change tried on them. */
interface Trial extends Candidate {
  readonly proofs: readonly { readonly change: Change; readonly rows: readonly ExamRow[] }[];
}

/**
 * The one change that lowers the mean loss most. Each half of the exams chooses its best newcomer, its best new weight and its best
 * part to drop, and the other half proves it; where both choose alike, all exams are proof, and the smaller of the two changes is
 * made. The greatest gain is tried first; the first that is proven counts. Costs of encodes are taken off. Undefined where nothing
 * is proven.
 */
export function chooseChange(
  weights: Weights,
  halves: readonly [readonly ExamRow[], readonly ExamRow[]],
  rules: ChoiceRules,
): ProvenChange | undefined {
  const best = halves.map((rows) => bestChanges(weights, rows, rules));
  const trials = kinds
    .flatMap((kind) => trialsOf(best[0]!.get(kind), best[1]!.get(kind), halves))
    .sort((a, b) => (a.net === b.net ? 0 : a.net > b.net ? -1 : 1));
  for (const { change, proofs } of trials) {
    const gain = provenBy(weights, proofs, mixtureProducts);
    const isEnough = isProven(gain, costUnits(change, rules), rules.provenErrors);
    if (!isEnough || !addsToShallow(weights, change, proofs, rules)) continue;
    const { mean, error } = gainInUnits(gain);
    return { ...change, gain: mean / lossUnit, standardError: error / lossUnit };
  }
  return undefined;
}

function bestChanges(
  weights: Weights,
  rows: readonly ExamRow[],
  rules: ChoiceRules,
): ReadonlyMap<Change['kind'], Candidate> {
  const before = rows.map((row) => mixtureLoss(row, weights));
  const best = new Map<Change['kind'], Candidate>();
  for (const [expert, changes] of Map.groupBy(changesOf(weights, rows, rules), (change) => change.expert)) {
    const others = applyChange(weights, { expert, toSteps: 0 });
    const rest = rows.map((row) => mixtureProducts(row, others));
    for (const change of changes) {
      const { sum, weight } = gainOver(rows, ({ products }, index) => {
        const after = beside(rest[index], products.get(expert), change.toSteps);
        return before[index]! - lossOfProducts(after);
      });
      const net = sum - weight * unitsOfMean(costUnits(change, rules));
      if (net > (best.get(change.kind)?.net ?? 0n)) best.set(change.kind, { change, net });
    }
  }
  return best;
}

/** What each half chose is proven by the other one. */
function trialsOf(
  first: Candidate | undefined,
  second: Candidate | undefined,
  [firstRows, secondRows]: readonly [readonly ExamRow[], readonly ExamRow[]],
): Trial[] {
  const alone = [
    ...(first === undefined ? [] : [{ ...first, proofs: [{ change: first.change, rows: secondRows }] }]),
    ...(second === undefined ? [] : [{ ...second, proofs: [{ change: second.change, rows: firstRows }] }]),
  ];
  if (first === undefined || second === undefined || !areAlike(first.change, second.change)) return alone;
  const size = ({ fromSteps, toSteps }: Change): number => Math.abs(toSteps - fromSteps);
  const smaller = size(second.change) < size(first.change) ? second.change : first.change;
  return [{ change: smaller, net: first.net + second.net, proofs: alone.flatMap(({ proofs }) => proofs) }];
}

function areAlike(a: Change, b: Change): boolean {
  return a.expert === b.expert && a.toSteps > a.fromSteps === b.toSteps > b.fromSteps;
}

function provenBy(
  weights: Weights,
  proofs: Trial['proofs'],
  productsOf: (row: ExamRow, weights: Weights) => DatumProducts | undefined,
): MeanGain {
  return meanGain(
    proofs.flatMap(({ change, rows }) => {
      const after = applyChange(weights, change);
      return rows.map((row) =>
        datumGain(row, lossOfProducts(productsOf(row, weights)) - lossOfProducts(productsOf(row, after))),
      );
    }),
  );
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
  weights: Weights,
  change: Change,
  proofs: Trial['proofs'],
  rules: ChoiceRules,
): boolean {
  const shallow = proofs.map((proof) => ({
    ...proof,
    rows: proof.rows.filter((row) => row.shallow !== undefined),
  }));
  if (change.kind !== 'add' || shallow.every(({ rows }) => rows.length === 0)) return true;
  const gain = provenBy(weights, shallow, (row, mixture) =>
    beside(mixtureProducts(row, mixture), row.shallow, rules.shallowSteps),
  );
  return isProven(gain, costUnits(change, rules), rules.provenErrors);
}

/** Mean over rows of what each says, in loss units. */
export function gainOver(
  rows: readonly ExamRow[],
  unitsOf: (row: ExamRow, index: number) => number,
): MeanGain {
  return meanGain(rows.map((row, index) => datumGain(row, unitsOf(row, index))));
}

function datumGain({ client, document, feeMicro }: ExamRow, units: number): DatumGain {
  return { client, document, feeMicro, units };
}
