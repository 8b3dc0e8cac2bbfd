/**
 * Mean reciprocal rank of the right one among all stored vectors, query by query; as many stored vectors that are
 * equally near count half. `right[query]` is the row of the stored vector that the query should find.
 */
export function reciprocalRanks(queries: readonly Float32Array[], stored: readonly Float32Array[]): number[] {
  return queries.map((query, right) => {
    const found = dot(query, stored[right]!);
    let above = 0;
    let level = 0;
    for (const [row, vector] of stored.entries()) {
      if (row === right) continue;
      const product = dot(query, vector);
      if (product > found) above += 1;
      else if (product === found) level += 1;
    }
    return 1 / (1 + above + level / 2);
  });
}

export function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let axis = 0; axis < left.length; axis += 1) sum += left[axis]! * right[axis]!;
  return sum;
}
