import { drawDistinct, drawStream } from '../draw/stream.ts';
import { type DotRows, type DotSession, dotSession } from './dot-kernel.ts';
import { type Fraction, fraction } from './fraction.ts';
import { addInto, dotSum, lengthOf, meanDirection } from './vector.ts';

/** What one member revealed. All vectors int16, of the market's dimension. */
export interface ScoredMember {
  /** e(a): the kept half, committed before the hidden half was shown. */
  readonly kept: Int16Array;
  /** e(b₁..b_k): the hidden pieces. */
  readonly pieces: readonly Int16Array[];
  /** e(x): the whole datum, as delivered. */
  readonly full: Int16Array;
  /** The member's published vector of a calibration piece. */
  readonly calibration: (index: number) => Int16Array;
  /** Newcomers are judged but do not judge. */
  readonly isJudge: boolean;
}

export interface MemberScore {
  /** Share of distractors that fit the kept half at least as well as the hidden piece does. */
  readonly loss: Fraction;
  /** True when e(x) does not identify the others' e(x) better than half of the distractors. */
  readonly isOutlier: boolean;
}

/** Calibration pieces drawn for a job: `pool` of the first `available`, less those of excluded documents. */
export function drawCalibration(
  seed: string,
  available: number,
  pool: number,
  isExcluded: (index: number) => boolean = () => false,
): number[] {
  return [...drawDistinct(drawStream(seed, 'distractors'), available, pool)].filter(
    (index) => !isExcluded(index),
  );
}

/**
 * The differential loss (protocol.md, section 3). For every member i and hidden piece k: is the others' mean
 * view of the piece, `Σ_{j≠i} e_j(b_k)`, closer to i's kept half than hard distractors `Σ_{j≠i} e_j(c)`,
 * judged by the same members? Dot products and squared lengths are exact integers; two views are compared by
 * cosine, which takes one correctly rounded square root and division each (IEEE 754): the same bits everywhere.
 *
 * Distractors are the `distractors` drawn calibration pieces nearest to the mean of all judges' `e(b_k)`, the
 * same for everyone; a distractor that ties counts against the member, so a zero or constant vector scores 1.
 * Throws `RangeError` with fewer than two judges: nobody could be judged by another.
 */
export function scoreMembers(
  members: readonly ScoredMember[],
  drawn: readonly number[],
  distractors: number,
): MemberScore[] {
  const judges = members.filter((member) => member.isJudge);
  if (judges.length < 2) throw new RangeError('A score needs at least two judges.');
  const pieces = judges[0]!.pieces.length;
  const dimension = judges[0]!.kept.length;
  const rows = judges.length * drawn.length + 2 * members.length + pieces;
  const session = dotSession(dimension, rows, drawn.length);
  const calibration = judges.map((judge) => session.load(drawn.map((index) => judge.calibration(index))));
  const gram = gramOf(session, calibration);
  const allJudges = judges.map((_, judge) => judge);
  const chosen = Array.from({ length: pieces }, (_, piece) => {
    const target = session.load([meanDirection(judges.map((judge) => judge.pieces[piece]!))]);
    const products = calibration.map((view) => session.each(target, view));
    const nearness = drawn.map((__, row) => cosine(products, gram, allJudges, row));
    return drawn
      .map((__, row) => row)
      .sort((a, b) => nearness[b]! - nearness[a]! || drawn[a]! - drawn[b]!)
      .slice(0, distractors);
  });

  return members.map((member) => {
    const others = allJudges.filter((judge) => judges[judge] !== member);
    const kept = session.load([member.kept]);
    const full = session.load([member.full]);
    const keptProducts = calibration.map((view) => session.each(kept, view));
    const fullProducts = calibration.map((view) => session.each(full, view));
    const target = cosineToSum(
      member.full,
      others.map((judge) => judges[judge]!.full),
    );
    let worse = 0;
    let fullWorse = 0;
    let compared = 0;
    for (const [piece, distractorRows] of chosen.entries()) {
      const found = cosineToSum(
        member.kept,
        others.map((judge) => judges[judge]!.pieces[piece]!),
      );
      for (const row of distractorRows) {
        if (!(cosine(keptProducts, gram, others, row) < found)) worse += 1;
        if (!(cosine(fullProducts, gram, others, row) < target)) fullWorse += 1;
        compared += 1;
      }
    }
    return { loss: fraction(worse, compared), isOutlier: 2 * fullWorse >= compared };
  });
}

/** `gram[j][k][row] = ⟨e_j(c), e_k(c)⟩` of the drawn pieces. */
function gramOf(session: DotSession, calibration: readonly DotRows[]): Int32Array[][] {
  const gram: Int32Array[][] = calibration.map(() => []);
  for (const [j, a] of calibration.entries())
    for (const [k, b] of calibration.entries()) gram[j]![k] = k < j ? gram[k]![j]! : session.pairs(a, b);
  return gram;
}

/** `⟨q, Σ_j e_j(c)⟩ / |Σ_j e_j(c)|` over the given judges; −∞ where the sum is zero. */
function cosine(
  products: readonly Int32Array[],
  gram: readonly (readonly Int32Array[])[],
  judges: readonly number[],
  row: number,
): number {
  let product = 0;
  let squaredLength = 0;
  for (const j of judges) {
    product += products[j]![row]!;
    const rowsOfJ = gram[j]!;
    for (const k of judges) squaredLength += rowsOfJ[k]![row]!;
  }
  return squaredLength > 0 ? product / Math.sqrt(squaredLength) : Number.NEGATIVE_INFINITY;
}

/** `⟨q, Σ v⟩ / |Σ v|`, in the same arithmetic as {@link cosine}; NaN (never smaller, never larger) for a zero sum. */
function cosineToSum(query: Int16Array, vectors: readonly Int16Array[]): number {
  const sum = new Int32Array(query.length);
  for (const vector of vectors) addInto(sum, vector);
  return dotSum(query, sum) / lengthOf(sum);
}
