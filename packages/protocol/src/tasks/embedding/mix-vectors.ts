/** Unit vector of the weighted mean. All vectors have one length; weights are not negative. */
export function mixVectors(vectors: readonly Float32Array[], weights: readonly number[]): Float32Array {
  const mixed = new Float64Array(vectors[0]!.length);
  for (const [index, vector] of vectors.entries()) {
    const weight = weights[index]!;
    if (weight > 0) for (let axis = 0; axis < mixed.length; axis += 1) mixed[axis]! += weight * vector[axis]!;
  }
  const length = Math.sqrt(mixed.reduce((sum, value) => sum + value * value, 0)) || 1;
  return Float32Array.from(mixed, (value) => value / length);
}
