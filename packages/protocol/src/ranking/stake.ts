import type { CheckedInput } from './epoch-input.ts';
import { normalizeFixed } from './fixed.ts';

export interface EpochStake {
  /** Normalised stake, fixed point. */
  readonly stake: Float64Array;
  readonly inactive: readonly boolean[];
  /** Normalised stake of the active holders of this epoch's permits, fixed point. */
  readonly activeStake: Float64Array;
}

/**
 * Inactive: `lastUpdate + cutoff < block`. Stake below the threshold counts as none; normalised exactly and rounded
 * down. Active stake: inactive and unpermitted masked, normalised again.
 *
 * Source: subtensor `epoch_mechanism` (run_epoch.rs), `inplace_normalize_64`, `inplace_mask_vector`.
 */
export function epochStake(input: CheckedInput): EpochStake {
  const { n, block, params } = input;
  const threshold = BigInt(params.stakeThreshold);
  const counted = input.stake.map((amount) => (amount < threshold ? 0n : amount));
  const total = counted.reduce((sum, amount) => sum + amount, 0n);
  const stake = new Float64Array(n);
  if (total > 0n) for (let i = 0; i < n; i += 1) stake[i] = Number((counted[i]! << 32n) / total);

  const inactive = input.lastUpdate.map((updated) => updated + params.activityCutoffBlocks < block);
  const activeStake = stake.map((share, i) => (inactive[i] || !input.validatorPermit[i] ? 0 : share));
  normalizeFixed(activeStake);
  return { stake, inactive, activeStake };
}
