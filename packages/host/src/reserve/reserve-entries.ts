/** A text of the reserve that waits to be used. */
export interface ReserveEntry {
  readonly key: string;
  readonly text: string;
  readonly bytes: number;
  /** In 127ths; undefined until the base encoder has said where it lies. */
  position: Int8Array | undefined;
}

/**
 * So many entries at most, of so many bytes together at most: of the first group before those of the next, and in a group the nearest to `near`
 * first, then those of no known position, in their order. One that is too long for what is left waits for another time.
 */
export function chooseEntries(
  groups: readonly (readonly ReserveEntry[])[],
  most: number,
  bytes: number,
  near: ArrayLike<number> | undefined,
): ReserveEntry[] {
  const chosen: ReserveEntry[] = [];
  let room = bytes;
  for (const group of groups)
    for (const entry of near === undefined ? group : nearestFirst(group, near)) {
      if (chosen.length >= most || room <= 0) return chosen;
      if (entry.bytes > room) continue;
      room -= entry.bytes;
      chosen.push(entry);
    }
  return chosen;
}

function nearestFirst(entries: readonly ReserveEntry[], near: ArrayLike<number>): readonly ReserveEntry[] {
  return entries
    .map((entry) => ({ entry, product: productOf(entry.position, near) }))
    .sort((a, b) => (a.product === b.product ? 0 : b.product > a.product ? 1 : -1))
    .map(({ entry }) => entry);
}

/** All positions are as long, so that a product says how near one is. −∞ where there is none, or it is of another space. */
function productOf(position: Int8Array | undefined, near: ArrayLike<number>): number {
  if (position === undefined || position.length !== near.length) return Number.NEGATIVE_INFINITY;
  let product = 0;
  for (let index = 0; index < position.length; index += 1) product += position[index]! * near[index]!;
  return Number.isNaN(product) ? Number.NEGATIVE_INFINITY : product;
}
