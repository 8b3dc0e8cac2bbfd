import { MoeError, textOf } from '@market-of-experts/core';
import { drawStream, type Places, parsePlaces, placesOf, serialisePlaces } from '@market-of-experts/protocol';
import { BlobFiles } from './files/blob-files.ts';

const rounds = 12;
const scale = 32_767;
const fileName = 'places.json';

/**
 * k-means of int16 vectors (unit length) into `count` cells: spherical, seeded, with `+ - * / sqrt` and whole
 * numbers only, so that anyone who has the vectors fits the same centroids to the bit. Cells that become empty
 * take the vector that lies farthest from its centroid. Throws `places-invalid` with fewer vectors than cells.
 */
export function fitPlaces(vectors: readonly Int16Array[], count: number, seed = 'moe/places/1'): Places {
  const dimension = vectors[0]?.length ?? 0;
  if (count < 1 || vectors.length < count)
    throw new MoeError(
      'places-invalid',
      `${count} places need at least as many vectors; there are ${vectors.length}.`,
    );
  const centroids = firstCentroids(vectors, count, dimension, seed);
  let before: readonly number[] | undefined;
  for (let round = 0; round < rounds; round++) {
    const assigned = vectors.map((vector) => nearest(centroids, count, vector));
    // Nothing moves any more: further rounds would come to the same centroids.
    if (before?.every((place, index) => place === assigned[index]!.place)) break;
    const sums = new Float64Array(count * dimension);
    const sizes = new Uint32Array(count);
    for (const [index, { place }] of assigned.entries()) {
      sizes[place]! += 1;
      const vector = vectors[index]!;
      for (let axis = 0; axis < dimension; axis++) sums[place * dimension + axis]! += vector[axis]!;
    }
    const farthest = assigned
      .map(({ product }, index) => ({ product, index }))
      .sort((a, b) => a.product - b.product || a.index - b.index);
    before = sizes.includes(0) ? undefined : assigned.map(({ place }) => place);
    for (let place = 0; place < count; place++) {
      const begin = place * dimension;
      if (sizes[place] === 0) {
        const { index } = farthest.shift()!;
        centroids.set(vectors[index]!, begin);
        continue;
      }
      let squares = 0;
      for (let axis = 0; axis < dimension; axis++) squares += sums[begin + axis]! * sums[begin + axis]!;
      const length = Math.sqrt(squares);
      if (length === 0) continue;
      for (let axis = 0; axis < dimension; axis++)
        centroids[begin + axis] = Math.round((sums[begin + axis]! / length) * scale);
    }
  }
  return placesOf(count, dimension, centroids);
}

/** The stored places of a market, or the newly fitted ones, which are stored and stay. */
export async function openPlaces(directory: string, fit: () => Promise<Places>): Promise<Places> {
  const files = new BlobFiles(directory);
  const stored = files.readNamed(fileName);
  if (stored !== undefined) return parsePlaces(textOf(stored));
  const places = await fit();
  files.writeNamed(fileName, Buffer.from(serialisePlaces(places)));
  return places;
}

/** k-means++: each next vector drawn with the weight of its distance from those already drawn. */
function firstCentroids(
  vectors: readonly Int16Array[],
  count: number,
  dimension: number,
  seed: string,
): Int16Array {
  const stream = drawStream(seed, 'places');
  const centroids = new Int16Array(count * dimension);
  const products = new Float64Array(vectors.length).fill(-scale * scale);
  let chosen = stream.below(vectors.length);
  for (let place = 0; ; place++) {
    const centroid = vectors[chosen]!;
    centroids.set(centroid, place * dimension);
    if (place === count - 1) return centroids;
    let total = 0;
    for (const [index, vector] of vectors.entries()) {
      let product = 0;
      for (let axis = 0; axis < dimension; axis++) product += centroid[axis]! * vector[axis]!;
      products[index] = Math.max(products[index]!, product);
      total += Math.max(0, scale * scale - products[index]!);
    }
    let drawn = Number(stream.belowBig(BigInt(Math.max(1, total))));
    chosen = 0;
    for (const [index, product] of products.entries()) {
      drawn -= Math.max(0, scale * scale - product);
      chosen = index;
      if (drawn < 0) break;
    }
  }
}

function nearest(
  centroids: Int16Array,
  count: number,
  vector: Int16Array,
): { place: number; product: number } {
  let best = { place: 0, product: Number.NEGATIVE_INFINITY };
  for (let place = 0; place < count; place++) {
    let product = 0;
    const begin = place * vector.length;
    for (let axis = 0; axis < vector.length; axis++) product += centroids[begin + axis]! * vector[axis]!;
    if (product > best.product) best = { place, product };
  }
  return best;
}
