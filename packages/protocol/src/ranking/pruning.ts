/** What decides who makes room. */
export interface PruneCandidate {
  readonly emission: number | bigint;
  readonly registeredAt: number;
  readonly isImmune: boolean;
  /** Never pruned, whatever it earns. Default false. */
  readonly isImmortal?: boolean;
}

/**
 * Index of who makes room in a full market: of those that are not immune, if there are more of them than must remain, else
 * of the immune, the one with the lowest emission; of several the one registered longest ago, then the first. Undefined
 * where nobody can go: only immortals are left, or too few are free and none is immune.
 *
 * Source: subtensor `get_neuron_to_prune` (registration.rs).
 */
export function cheapestToLose(
  candidates: readonly PruneCandidate[],
  minimumNotImmune = 0,
): number | undefined {
  const mortal = candidates.map((_, index) => index).filter((index) => !candidates[index]!.isImmortal);
  const free = mortal.filter((index) => !candidates[index]!.isImmune);
  const open = free.length > minimumNotImmune ? free : mortal.filter((index) => candidates[index]!.isImmune);
  const goesBefore = (a: PruneCandidate, b: PruneCandidate): boolean =>
    a.emission < b.emission || (a.emission === b.emission && a.registeredAt < b.registeredAt);
  let chosen: number | undefined;
  for (const index of open)
    if (chosen === undefined || goesBefore(candidates[index]!, candidates[chosen]!)) chosen = index;
  return chosen;
}
