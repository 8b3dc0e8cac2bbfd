/** What decides who makes room. */
export interface PruneCandidate {
  readonly emission: bigint;
  readonly registeredAt: number;
  readonly isImmune: boolean;
}

/**
 * Index of the expert that makes room in a full market: among those that are not immune, or among all where everybody is,
 * the one with the lowest emission; of several the one registered longest ago, then the first (subtensor,
 * `get_neuron_to_prune`). There must be one.
 */
export function cheapestToLose(candidates: readonly PruneCandidate[]): number {
  const isOpen = candidates.some(({ isImmune }) => !isImmune);
  let chosen = -1;
  candidates.forEach((candidate, index) => {
    if (isOpen && candidate.isImmune) return;
    const best = candidates[chosen];
    if (
      best === undefined ||
      candidate.emission < best.emission ||
      (candidate.emission === best.emission && candidate.registeredAt < best.registeredAt)
    )
      chosen = index;
  });
  return chosen;
}
