/** Something that has a claim, and the id that decides between two whose remainders are the same. */
export interface Claim {
  readonly id: string;
  /** 0 or more; only its share of all claims counts. */
  readonly claim: bigint;
}

/**
 * Whole parts of `total` in proportion to the claims, in their order, which add up to `total` exactly: each gets its share rounded
 * down, and what is left goes one by one to the largest remainders, ties by id. At least one claim must be above 0.
 */
export function apportion(total: bigint, claims: readonly Claim[]): bigint[] {
  const sum = claims.reduce((before, { claim }) => before + claim, 0n);
  const parts = claims.map(({ claim }) => (total * claim) / sum);
  const left = total - parts.reduce((before, part) => before + part, 0n);
  const remainders = claims.map(({ id, claim }, index) => ({ id, index, remainder: (total * claim) % sum }));
  remainders.sort((a, b) =>
    a.remainder === b.remainder ? (a.id < b.id ? -1 : 1) : a.remainder > b.remainder ? -1 : 1,
  );
  for (const { index } of remainders.slice(0, Number(left))) parts[index]! += 1n;
  return parts;
}
