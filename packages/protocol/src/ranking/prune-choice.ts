import { invalidInput, nameOf } from './invalid-input.ts';
import { cheapestToLose } from './pruning.ts';

/** What decides who makes room in a full market. Lists are indexed by uid. */
export interface PruneInput {
  readonly block: number;
  /** Blocks after its registration during which a uid is immune. */
  readonly immunityPeriod: number;
  readonly emission: readonly (number | bigint)[];
  readonly blockAtRegistration: readonly number[];
  /** Uids of the owner that are never pruned. Default none. */
  readonly ownerImmortal?: readonly number[];
  /** So many uids without immunity must remain, else an immune one goes. Default 0. */
  readonly minNonImmuneUids?: number;
}

/**
 * The uid that goes: of those not immune (if there are more than must remain), else of the immune, the one with the
 * least emission; among equals the oldest registration, then the lowest uid. Null if only immortal uids are left, or
 * if too few are free and none is immune.
 *
 * Source: subtensor `get_neuron_to_prune` (registration.rs). Errors: `invalid-ranking-input`.
 */
export function uidToPrune(input: PruneInput): number | null {
  const {
    block,
    immunityPeriod,
    emission,
    blockAtRegistration,
    ownerImmortal = [],
    minNonImmuneUids = 0,
  } = input;
  if (emission.length !== blockAtRegistration.length)
    throw invalidInput(
      `emission has ${emission.length} entries and blockAtRegistration ${blockAtRegistration.length}; give as many of both.`,
    );
  for (const value of [block, immunityPeriod, minNonImmuneUids, ...blockAtRegistration])
    if (!(Number.isSafeInteger(value) && value >= 0))
      throw invalidInput(`A block or count is ${nameOf(value)}; it must be a whole number, 0 or more.`);
  for (const amount of emission)
    if (!(amount >= 0))
      throw invalidInput(`An emission is ${nameOf(amount)}; it must be a number, 0 or more.`);

  const immortal = new Set(ownerImmortal);
  const chosen = cheapestToLose(
    emission.map((amount, uid) => ({
      emission: amount,
      registeredAt: blockAtRegistration[uid]!,
      isImmune: block - blockAtRegistration[uid]! < immunityPeriod,
      isImmortal: immortal.has(uid),
    })),
    minNonImmuneUids,
  );
  return chosen ?? null;
}
