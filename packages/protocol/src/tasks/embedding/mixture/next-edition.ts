import type { Hash, NodeId } from '@market-of-experts/core';
import { type Edition, type EditionPart, editionHash } from '../../../editions/edition.ts';
import type { PayShare } from '../../../money/service-fee.ts';
import type { Fraction } from '../../../scoring/fraction.ts';
import { sumOfContributions } from '../contribution/contribution.ts';
import { payShares } from '../contribution/pay-shares.ts';
import { shapleyValues } from '../contribution/shapley.ts';
import { chooseEdition } from './choose-edition.ts';
import { defaultChoiceRules, type ProvenChange } from './choose-weights.ts';
import { contributionRows, examRows, modelsIn } from './exam-evidence.ts';
import type { SettledExam } from './settled-exams.ts';

/** τ, in millionths of a cosine; measured in docs/decisions/0033-contribution.md. */
const marginScaleMillionths = 50_000;
/** What an encode costs a part of the service fee, in millionths of it. */
const encodeCostMillionths = 2_000;
/** Fewer data than this say nothing about who added what. */
export const leastPaidTexts = 100;

const servedMs = 180 * 86_400_000;

/** For how many epochs an edition is served at least: half a year. */
export function servedEpochs({ epochMs }: { readonly epochMs: number }): number {
  return Math.ceil(servedMs / epochMs);
}

/** When an edition comes, and by what it was chosen. */
export interface EditionTerms {
  /** The beacon of the epoch in which it is chosen: unknown while exams were taken. */
  readonly seed: Hash;
  readonly epoch: number;
  /** It is served so many epochs at least. */
  readonly servedEpochs: number;
  /** Root of the exams. */
  readonly evidence: Hash;
}

export interface NextEdition {
  readonly edition: Edition;
  readonly change: ProvenChange;
}

/**
 * The edition that follows by the published rule: one expert more, one less, or one with another weight, proven by exams that it was
 * not chosen by. Undefined where nothing is proven, or there are too few exams. The same for everybody who has the exams.
 */
export function nextEdition(
  inForce: Edition,
  exams: readonly SettledExam[],
  { seed, epoch, servedEpochs, evidence }: EditionTerms,
): NextEdition | undefined {
  const weights = new Map(inForce.parts.map(({ node, weightSteps }) => [node as string, weightSteps]));
  const choice = chooseEdition(weights, examRows(inForce, exams), seed, defaultChoiceRules);
  if (choice?.change === undefined) return undefined;
  const models = modelsIn(inForce, exams);
  // Parts that stay keep their places; a newcomer was set last.
  const parts = [...choice.weights].map(
    ([node, weightSteps]): EditionPart => ({ node: node as NodeId, ...models.get(node)!, weightSteps }),
  );
  return {
    change: choice.change,
    edition: {
      ...inForce,
      number: inForce.number + 1,
      previous: editionHash(inForce),
      parts,
      // Gates need a place for each question; none is known when a text is served.
      places: null,
      gate: [],
      fromEpoch: epoch,
      toEpoch: epoch + servedEpochs,
      evidence,
    },
  };
}

/** In fewer exams than this nobody knows what a part adds. */
const leastPartTexts = 20;

/**
 * What the parts of an edition get of each service fee, by what each added in those exams in which it was: three of many are drawn for one, and
 * who was not drawn could not add anything. Undefined where too few data were paid for, or had one of its parts examined.
 */
export function examShares(edition: Edition, exams: readonly SettledExam[]): PayShare[] | undefined {
  const rows = contributionRows(edition, exams).filter(
    ({ feeMicro, parts }) => feeMicro > 0n && parts.some((part) => part !== undefined),
  );
  if (rows.length < leastPaidTexts) return undefined;
  const present = edition.parts.map((_, part) => rows.filter(({ parts }) => parts[part] !== undefined));
  if (present.some(({ length }) => length < leastPartTexts)) return undefined;
  const weights = edition.parts.map(({ weightSteps }) => weightSteps);
  const sums = sumOfContributions({ weights, marginScaleMillionths }, rows);
  const allMicro = feesOf(rows);
  const added = sums.map((sum, part) => (sum * allMicro) / feesOf(present[part]!));
  return payShares(
    edition.parts.map(({ node, weightSteps }, index) => ({
      node,
      weight: weightSteps,
      added: added[index]!,
    })),
    encodeCostMillionths,
  );
}

function feesOf(rows: readonly { readonly feeMicro: bigint }[]): bigint {
  return rows.reduce((sum, { feeMicro }) => sum + feeMicro, 0n);
}

/**
 * By how much each part of an edition lowers the loss, on average over all orders in which it could be put together. For people to look at,
 * never paid. Undefined where no exam says anything.
 */
export function examShapley(edition: Edition, exams: readonly SettledExam[]): Fraction[] | undefined {
  return shapleyValues(
    edition.parts.map(({ weightSteps }) => weightSteps),
    contributionRows(edition, exams),
  );
}
