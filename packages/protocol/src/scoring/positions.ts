/**
 * Positions say where data lie by a base encoder: directions in 127ths, a two's-complement byte for each dimension. Their sum, a direction of
 * any length; empty for none. All are as long.
 */
export function sumOfPositions(positions: readonly Uint8Array[]): Int32Array {
  const sum = new Int32Array(positions[0]?.length ?? 0);
  for (const position of positions)
    for (const [axis, value] of numbersOf(position).entries()) sum[axis]! += value;
  return sum;
}

/** Of one position, −127 to 127. */
function numbersOf({ buffer, byteOffset, length }: Uint8Array): Int8Array {
  return new Int8Array(buffer, byteOffset, length);
}
