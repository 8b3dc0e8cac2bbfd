/**
 * Adds a feature to a vector at `coordinates` places drawn from its hash, each with a drawn sign (feature
 * hashing, Weinberger et al. 2009): different features are nearly orthogonal.
 */
export function addHashed(vector: Float32Array, feature: number, weight: number, coordinates: number): void {
  let hash = Math.imul(feature + 1, 0x9e3779b1) >>> 0;
  for (let draw = 0; draw < coordinates; draw++) {
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
    hash = (hash ^ (hash >>> 13)) >>> 0;
    const place = hash % vector.length;
    vector[place] = vector[place]! + (hash & 0x8000_0000 ? -weight : weight);
  }
}
