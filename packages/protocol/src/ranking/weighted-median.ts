import { invalidInput } from './invalid-input.ts';

/** Rounds of selection after which the rest is sorted: crafted weights cannot make a column quadratic. */
const MOST_ROUNDS = 24;
/** From so many scores on, buckets come before the selection. */
const FEW = 32;
const BUCKETS = 256;

/**
 * The smallest of `count` scores from index `start` on at which `below` plus the stake of all scores up to it passes `minority`, or the
 * largest if none does. Both arrays are scratch: they are reordered.
 *
 * Source: subtensor `weighted_median` (math.rs), which searches by halving around pivots; the result is the same.
 */
export function selectWeightedMedian(
  scores: Float64Array,
  stake: Float64Array,
  start: number,
  count: number,
  below: number,
  minority: number,
): number {
  let from = start;
  let to = start + count;
  let base = below;
  if (count >= FEW) {
    const [kept, passed] = narrow(scores, stake, from, to, base, minority);
    to = from + kept;
    base = passed;
  }
  for (let round = 0; ; round += 1) {
    if (round === MOST_ROUNDS) return sortedMedian(scores, stake, from, to, base, minority);
    const pivot = medianOfThree(scores[from]!, scores[(from + to) >> 1]!, scores[to - 1]!);
    // Partition in three: [from, low) below the pivot, [low, high) equal, [high, to) above.
    let low = from;
    let high = to;
    let lowStake = 0;
    let equalStake = 0;
    for (let k = from; k < high; ) {
      const score = scores[k]!;
      const share = stake[k]!;
      if (score < pivot) {
        lowStake += share;
        scores[k] = scores[low]!;
        stake[k] = stake[low]!;
        scores[low] = score;
        stake[low] = share;
        low += 1;
        k += 1;
      } else if (score > pivot) {
        high -= 1;
        scores[k] = scores[high]!;
        stake[k] = stake[high]!;
        scores[high] = score;
        stake[high] = share;
      } else {
        equalStake += share;
        k += 1;
      }
    }
    if (low > from && base + lowStake > minority) to = low;
    else if (high === to || base + lowStake + equalStake > minority) return pivot;
    else {
      base += lowStake + equalStake;
      from = high;
    }
  }
}

/**
 * Sorts the scores into buckets of equal width, and moves those of the bucket in which the minority is passed to the
 * front: how many, and the stake below them. Few are left of random scores, and without a branch that depends on
 * them.
 */
function narrow(
  scores: Float64Array,
  stake: Float64Array,
  from: number,
  to: number,
  below: number,
  minority: number,
): [count: number, below: number] {
  let least = scores[from]!;
  let most = least;
  for (let k = from + 1; k < to; k += 1) {
    least = Math.min(least, scores[k]!);
    most = Math.max(most, scores[k]!);
  }
  if (least === most) return [1, below];
  const scale = (BUCKETS - 1) / (most - least);
  const inBucket = new Float64Array(BUCKETS);
  for (let k = from; k < to; k += 1) {
    const bucket = ((scores[k]! - least) * scale) | 0;
    inBucket[bucket] = inBucket[bucket]! + stake[k]!;
  }
  let base = below;
  let chosen = 0;
  const last = ((most - least) * scale) | 0;
  while (chosen < last && base + inBucket[chosen]! <= minority) {
    base += inBucket[chosen]!;
    chosen += 1;
  }
  let end = from;
  for (let k = from; k < to; k += 1) {
    if ((((scores[k]! - least) * scale) | 0) !== chosen) continue;
    scores[end] = scores[k]!;
    stake[end] = stake[k]!;
    end += 1;
  }
  return [end - from, base];
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

function sortedMedian(
  scores: Float64Array,
  stake: Float64Array,
  from: number,
  to: number,
  base: number,
  minority: number,
): number {
  const order = Array.from({ length: to - from }, (_, k) => from + k);
  order.sort((a, b) => scores[a]! - scores[b]!);
  let passed = base;
  let last = 0;
  for (const k of order) {
    // Equal scores are one step: whichever of them passes the minority, the score is the same.
    passed += stake[k]!;
    last = scores[k]!;
    if (passed > minority) return last;
  }
  return last;
}

/**
 * Stake-weighted median of some scores: the largest score that holders of at least `majority` of the stake gave or
 * passed. Stake is normalised by the caller. 0 without scores.
 *
 * Source: subtensor `weighted_median` (math.rs). Errors: `invalid-ranking-input`.
 */
export function weightedMedian(
  stake: readonly number[],
  scores: readonly number[],
  majority: number,
): number {
  if (stake.length !== scores.length)
    throw invalidInput(`There are ${stake.length} stakes and ${scores.length} scores; give as many of both.`);
  if (scores.length === 0) return 0;
  const shares = Float64Array.from(stake, toGrid);
  const total = shares.reduce((sum, share) => sum + share, 0);
  return selectWeightedMedian(
    Float64Array.from(scores),
    shares,
    0,
    scores.length,
    0,
    total - toGrid(majority),
  );
}

/**
 * {@link weightedMedian} of every column of a validators × nodes matrix, over those with stake, renormalised.
 *
 * Source: subtensor `weighted_median_col` (math.rs). Errors: `invalid-ranking-input`.
 */
export function weightedMedianColumns(
  stake: readonly number[],
  scores: readonly (readonly number[])[],
  majority: number,
): number[] {
  if (stake.length !== scores.length)
    throw invalidInput(`There are ${stake.length} stakes and ${scores.length} rows; give as many of both.`);
  const total = stake.reduce((sum, share) => sum + share, 0);
  const voters = stake.flatMap((share, row) => (share > 0 ? [{ share: share / total, row }] : []));
  return (scores[0] ?? []).map((_, column) =>
    weightedMedian(
      voters.map(({ share }) => share),
      voters.map(({ row }) => scores[row]?.[column] ?? 0),
      majority,
    ),
  );
}

/** Stake on I32F32's grid of 2⁻³², where sums are exact: 0.49 + 0.51 is then one. */
function toGrid(share: number): number {
  return Math.floor(share * 4_294_967_296 + 0.5);
}
