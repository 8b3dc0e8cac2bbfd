import { U16_MAX } from './fixed.ts';
import { invalidInput, nameOf } from './invalid-input.ts';

/**
 * Splits an emission among the mechanisms of one market: evenly, or by u16 proportions of 65,535; mechanisms beyond
 * the proportions get none. Rounded down; the remainder goes to mechanism 0, so nothing is lost.
 *
 * @param emission - whole units, 0 or more.
 * @param mechanisms - how many, 1 or more.
 * @param split - u16 proportions of 65,535; null for an even split. A sum a little above is taken, as upstream takes
 *   it, as long as no more than the emission is paid out.
 * Source: subtensor `split_emissions` (subnets/mechanism.rs). Errors: `invalid-ranking-input`.
 */
export function splitEmission(
  emission: bigint,
  mechanisms: number,
  split: readonly number[] | null = null,
): bigint[] {
  if (emission < 0n) throw invalidInput('The emission must not be negative.');
  if (!(Number.isInteger(mechanisms) && mechanisms >= 1 && mechanisms <= 255))
    throw invalidInput(`There are ${nameOf(mechanisms)} mechanisms; a market has 1 to 255.`);
  if (split !== null) checkSplit(split, mechanisms);
  const parts = Array.from({ length: mechanisms }, (_, index) =>
    split === null ? emission / BigInt(mechanisms) : (emission * BigInt(split[index] ?? 0)) / BigInt(U16_MAX),
  );
  const remainder = emission - parts.reduce((sum, part) => sum + part, 0n);
  if (remainder < 0n)
    throw invalidInput('The proportions pay out more than the emission; let them sum to 65535.');
  parts[0] = parts[0]! + remainder;
  return parts;
}

function checkSplit(split: readonly number[], mechanisms: number): void {
  if (split.length === 0 || split.length > mechanisms)
    throw invalidInput(`The split has ${split.length} proportions for ${mechanisms} mechanisms.`);
  for (const proportion of split)
    if (!(Number.isInteger(proportion) && proportion >= 0 && proportion <= U16_MAX))
      throw invalidInput(`A proportion of the split is ${nameOf(proportion)}; it must be from 0 to 65535.`);
}
