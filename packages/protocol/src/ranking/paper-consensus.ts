import { sigmoidSafe } from './exponential.ts';
import { fixedFromNumber, multiplyFixed, ONE, U16_MAX } from './fixed.ts';
import type { FixedMatrix } from './sparse-matrix.ts';

/** The paper's scores of every node. Fixed point. */
export interface PaperScores {
  /** `R = WᵀS`. */
  readonly rank: Float64Array;
  /** `TᵀS` with `tᵢⱼ = 1` iff the edge is non-zero. */
  readonly trust: Float64Array;
  /** `C = σ(ρ(TᵀS − κ))`. */
  readonly consensus: Float64Array;
  /** `R ∘ C`, not normalised. */
  readonly incentive: Float64Array;
}

/**
 * The original consensus over one epoch's weights.
 *
 * Source: Rao et al., *Bittensor: A Peer-to-Peer Intelligence Market*, sections 3 to 5; on the chain until
 * subtensor 77d15478b. (The paper's figure that puts ρ inside without the bracket is a misprint.)
 */
export function paperScores(
  { starts, uids, values }: FixedMatrix,
  activeStake: Float64Array,
  rho: number,
  kappaU16: number,
): PaperScores {
  const n = activeStake.length;
  const rank = new Float64Array(n);
  const trust = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    const share = activeStake[i]!;
    if (share === 0) continue;
    for (let k = starts[i]!; k < starts[i + 1]!; k += 1) {
      const uid = uids[k]!;
      if (values[k] === 0) continue;
      rank[uid] = rank[uid]! + multiplyFixed(share, values[k]!);
      trust[uid] = trust[uid]! + share;
    }
  }
  const consensus = trust.map((value) => fixedFromNumber(sigmoidSafe(value / ONE, rho, kappaU16 / U16_MAX)));
  return { rank, trust, consensus, incentive: rank.map((value, j) => multiplyFixed(value, consensus[j]!)) };
}
