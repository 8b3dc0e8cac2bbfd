import { nearestPlace, type PlaceCentroids } from '@market-of-experts/protocol';
import { normalise, type Point } from './sphere.ts';

const int16Scale = 32_767;

/** The market's partition of the space: cells around centroids, as in docs/concepts/history.md. */
export interface SpherePlaces {
  readonly centres: readonly Point[];
  /** Cell of a point, by the protocol's own rule. */
  of(point: Point): number;
}

const rounds = 6;

/** Centroids that lie where the sample lies: k-means on the sphere, from an evenly taken start. */
export function makePlaces(sample: readonly Point[], count: number): SpherePlaces {
  const dimension = sample[0]!.length;
  let centres = Array.from({ length: count }, (_, index) =>
    sample[Math.floor((index * sample.length) / count)]!.slice(),
  );
  let table = centroidTable(centres, dimension);
  for (let round = 0; round < rounds; round += 1) {
    const sums = centres.map(() => new Float64Array(dimension));
    const sizes = centres.map(() => 0);
    for (const point of sample) {
      const place = nearestPlace(table, quantise(point));
      sizes[place]! += 1;
      const sum = sums[place]!;
      for (let axis = 0; axis < dimension; axis += 1) sum[axis]! += point[axis]!;
    }
    centres = sums.map((sum, place) => (sizes[place] === 0 ? centres[place]! : normalise(sum)));
    table = centroidTable(centres, dimension);
  }
  return { centres, of: (point) => nearestPlace(table, quantise(point)) };
}

function quantise(point: Point): Int16Array {
  return Int16Array.from(point, (value) => Math.round(int16Scale * value));
}

function centroidTable(centres: readonly Point[], dimension: number): PlaceCentroids {
  const centroids = new Int16Array(centres.length * dimension);
  for (const [place, centre] of centres.entries()) centroids.set(quantise(centre), place * dimension);
  return { count: centres.length, dimension, centroids };
}
