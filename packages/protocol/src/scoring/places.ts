/** A partition of the space into cells around centroids (int16, `count × dimension`, row by row). */
export interface PlaceCentroids {
  readonly count: number;
  readonly dimension: number;
  readonly centroids: Int16Array;
}

/** The cell of a vector (or a sum of vectors): the centroid with the largest dot product, ties to the lower. */
export function nearestPlace(places: PlaceCentroids, vector: Int16Array | Int32Array): number {
  let best = 0;
  let bestDot = Number.NEGATIVE_INFINITY;
  for (let place = 0; place < places.count; place += 1) {
    let product = 0;
    const start = place * places.dimension;
    for (let axis = 0; axis < places.dimension; axis += 1)
      product += places.centroids[start + axis]! * vector[axis]!;
    if (product > bestDot) {
      bestDot = product;
      best = place;
    }
  }
  return best;
}
