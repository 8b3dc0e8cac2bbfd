import { drawDistinct, drawStream } from '../../random/stream.ts';
import { fraction } from '../../scoring/fraction.ts';
import type { SeatScore } from '../task.ts';
import { type DotRows, type DotSession, dotSession } from './dot-kernel.ts';
import { addInto, directionOf, dot, dotSum, int16Scale, lengthOf } from './vector.ts';

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

/** A view of the pieces is against another's when at least this share of distractors lies nearer. */
const dissentNumerator = 3;
const dissentDenominator = 4;

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
 * The differential loss (docs/concepts/loss.md): the share of distractors that fit the kept half at least as well as the
 * hidden piece does. For every member i and hidden piece k: is the others' mean
 * view of the piece, `Σ_{j≠i} e_j(b_k)`, closer to i's kept half than hard distractors `Σ_{j≠i} e_j(c)`,
 * judged by the same members? Dot products and squared lengths are exact integers; two views are compared by
 * cosine, which takes one correctly rounded square root and division each (IEEE 754): the same bits everywhere.
 *
 * Distractors are the `distractors` drawn calibration pieces nearest to the mean of all judges' `e(b_k)`, as
 * seen from the middle of the space ({@link centreOf}), the same for everyone; a distractor that ties counts against the member, so a zero or constant vector scores 1.
 *
 * A judge whose views of the pieces are turned against the others' would ruin their losses, so judges vote in
 * pairs first ({@link dissentingJudges}); whom most are against judges nobody. Undefined when fewer than two
 * judges agree: then nobody can be judged by another. An outlier is whose e(x) does not identify the others' e(x) better than
 * half of the distractors.
 */
export function scoreMembers(
  members: readonly ScoredMember[],
  drawn: readonly number[],
  distractors: number,
): SeatScore[] | undefined {
  const first = scoreOnce(members, drawn, distractors);
  if (first === undefined || first.dissenting.size === 0) return first?.scores;
  const without = members.map((member) =>
    first.dissenting.has(member) ? { ...member, isJudge: false } : member,
  );
  return scoreOnce(without, drawn, distractors)?.scores.map((score, index) =>
    first.dissenting.has(members[index]!) ? { ...score, isDissenting: true } : score,
  );
}

function scoreOnce(
  members: readonly ScoredMember[],
  drawn: readonly number[],
  distractors: number,
): { readonly scores: SeatScore[]; readonly dissenting: ReadonlySet<ScoredMember> } | undefined {
  const judges = members.filter((member) => member.isJudge);
  if (judges.length < 2) return undefined;
  const pieces = judges[0]!.pieces.length;
  const dimension = judges[0]!.kept.length;
  const usedAtMost = Math.min(drawn.length, pieces * distractors);
  const vectors = judges.length * (drawn.length + usedAtMost + pieces) + 2 * members.length + pieces + 1;
  const session = dotSession(dimension, vectors, drawn.length);
  const everyone = judges.map((_, judge) => judge);

  const drawnViews = judges.map((judge) => session.load(drawn.map((index) => judge.calibration(index))));
  const centre = centreOf(session, drawnViews);
  const lengths = centredLengths(session, drawnViews, centre);
  const hard = Array.from({ length: pieces }, (_, piece) => {
    const target = centredDirection(
      judges.map((judge) => judge.pieces[piece]!),
      centre,
    );
    const query = session.load([target]);
    const nearness = drawnViews
      .map((view) => session.each(query, view))
      .reduce(addRows, new Float64Array(drawn.length).fill(-centre.scale * dot(target, centre.direction)))
      .map((product, row) => (lengths[row]! > 0 ? product / lengths[row]! : Number.NEGATIVE_INFINITY));
    return nearestRows(nearness, drawn, distractors);
  });

  // Members are compared with what was chosen only: an eighth of what was drawn, or a quarter.
  const used = [...new Set(hard.flat())];
  const placeOf = new Map(used.map((row, place) => [row, place]));
  const chosen = hard.map((rows) => rows.map((row) => placeOf.get(row)!));
  const views = drawnViews.map((view) => session.pick(view, used));
  const gram = gramOf(session, views);

  const dissenting = dissentingJudges(session, judges, views, chosen);
  const scores = members.map((member) => {
    const others = everyone.filter((judge) => judges[judge] !== member);
    const lengths = sumSquares(gram, others).map(Math.sqrt);
    const cosinesOf = (vector: Int16Array): Float64Array => {
      const query = session.load([vector]);
      return cosines(
        others.map((judge) => session.each(query, views[judge]!)),
        lengths,
      );
    };
    const kept = cosinesOf(member.kept);
    const full = cosinesOf(member.full);
    const target = cosineToSum(
      member.full,
      others.map((judge) => judges[judge]!.full),
    );
    let worse = 0;
    let fullWorse = 0;
    let compared = 0;
    for (const [piece, places] of chosen.entries()) {
      const found = cosineToSum(
        member.kept,
        others.map((judge) => judges[judge]!.pieces[piece]!),
      );
      for (const place of places) {
        if (!(kept[place]! < found)) worse += 1;
        if (!(full[place]! < target)) fullWorse += 1;
        compared += 1;
      }
    }
    return { losses: [fraction(worse, compared)], isOutlier: 2 * fullWorse >= compared, isDissenting: false };
  });
  return { scores, dissenting };
}

/**
 * Judges whose view of the hidden pieces most of the other judges are against: for more than half of them, at
 * least three quarters of the distractors lie nearer to it than their own view of the same piece does. Two who
 * disagree are both in: nobody can say who is right.
 */
function dissentingJudges(
  session: DotSession,
  judges: readonly ScoredMember[],
  views: readonly DotRows[],
  chosen: readonly (readonly number[])[],
): ReadonlySet<ScoredMember> {
  const against = (judge: ScoredMember, queries: readonly DotRows[], other: number): boolean => {
    let nearer = 0;
    let compared = 0;
    for (const [piece, places] of chosen.entries()) {
      const own = dot(judge.pieces[piece]!, judges[other]!.pieces[piece]!);
      const products = session.each(queries[piece]!, views[other]!);
      for (const place of places) {
        if (products[place]! >= own) nearer += 1;
        compared += 1;
      }
    }
    return dissentDenominator * nearer >= dissentNumerator * compared;
  };
  return new Set(
    judges.filter((judge, index) => {
      const queries = judge.pieces.map((piece) => session.load([piece]));
      const others = judges.map((_, other) => other).filter((other) => other !== index);
      return 2 * others.filter((other) => against(judge, queries, other)).length > others.length;
    }),
  );
}

/** A point of the space: `scale · direction`. */
interface Centre {
  readonly direction: Int16Array;
  readonly scale: number;
}

/**
 * The middle of the drawn pieces as all judges together see them. Nearness is measured from there: by plain
 * cosine the nearest pieces are hubs, which lie near to everything that shares the encoders' common component.
 */
function centreOf(session: DotSession, views: readonly DotRows[]): Centre {
  const sum = session.sum(views);
  return { direction: directionOf(sum), scale: lengthOf(sum) / views[0]!.count / int16Scale };
}

/** `|Σ_j e_j(c) − centre|` of the drawn pieces. */
function centredLengths(session: DotSession, views: readonly DotRows[], centre: Centre): Float64Array {
  const direction = session.load([centre.direction]);
  const along = views
    .map((view) => session.each(direction, view))
    .reduce(addRows, new Float64Array(views[0]!.count));
  const squaredCentre = centre.scale * centre.scale * dot(centre.direction, centre.direction);
  const everyone = views.map((_, judge) => judge);
  return sumSquares(gramOf(session, views), everyone).map((square, row) =>
    Math.sqrt(Math.max(0, square - 2 * centre.scale * along[row]! + squaredCentre)),
  );
}

/** Direction of `Σ v − centre`, quantised. */
function centredDirection(vectors: readonly Int16Array[], { direction, scale }: Centre): Int16Array {
  const sum = new Int32Array(direction.length);
  for (const vector of vectors) addInto(sum, vector);
  return directionOf(Float64Array.from(sum, (value, axis) => value - scale * direction[axis]!));
}

function addRows(sum: Float64Array, products: Int32Array): Float64Array {
  for (let row = 0; row < sum.length; row += 1) sum[row] = sum[row]! + products[row]!;
  return sum;
}

/** The `count` rows of greatest nearness; of equally near ones those that were drawn of the lowest pieces. */
function nearestRows(nearness: Float64Array, drawn: readonly number[], count: number): number[] {
  if (count >= drawn.length) return [...drawn.keys()];
  const least = nearness.toSorted()[drawn.length - count]!;
  const above: number[] = [];
  const equal: number[] = [];
  for (let row = 0; row < drawn.length; row += 1)
    if (nearness[row]! > least) above.push(row);
    else if (nearness[row] === least) equal.push(row);
  equal.sort((a, b) => drawn[a]! - drawn[b]!);
  return [...above, ...equal.slice(0, count - above.length)];
}

/** `gram[j][k][row] = ⟨e_j(c), e_k(c)⟩` of the pieces in the rows. */
function gramOf(session: DotSession, views: readonly DotRows[]): Int32Array[][] {
  const gram: Int32Array[][] = views.map(() => []);
  for (const [j, a] of views.entries())
    for (const [k, b] of views.entries()) gram[j]![k] = k < j ? gram[k]![j]! : session.pairs(a, b);
  return gram;
}

/** `|Σ_j e_j(c)|²` over the given judges, row by row. */
function sumSquares(gram: readonly (readonly Int32Array[])[], judges: readonly number[]): Float64Array {
  const squares = new Float64Array(gram[0]![0]!.length);
  for (const j of judges)
    for (const k of judges) {
      const products = gram[j]![k]!;
      for (let row = 0; row < squares.length; row += 1) squares[row] = squares[row]! + products[row]!;
    }
  return squares;
}

/** `⟨q, Σ_j e_j(c)⟩ / |Σ_j e_j(c)|` from the products with each judge's view; −∞ where the sum is zero. */
function cosines(products: readonly Int32Array[], lengths: Float64Array): Float64Array {
  const out = new Float64Array(lengths.length);
  for (const ofJudge of products)
    for (let row = 0; row < out.length; row += 1) out[row] = out[row]! + ofJudge[row]!;
  for (let row = 0; row < out.length; row += 1)
    out[row] = lengths[row]! > 0 ? out[row]! / lengths[row]! : Number.NEGATIVE_INFINITY;
  return out;
}

/** `⟨q, Σ v⟩ / |Σ v|`, in the same arithmetic as {@link cosines}; NaN (never smaller, never larger) for a zero sum. */
function cosineToSum(query: Int16Array, vectors: readonly Int16Array[]): number {
  const sum = new Int32Array(query.length);
  for (const vector of vectors) addInto(sum, vector);
  return dotSum(query, sum) / lengthOf(sum);
}
