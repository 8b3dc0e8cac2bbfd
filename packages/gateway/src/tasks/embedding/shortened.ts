import type { EditionListing } from '@market-of-experts/api/editions';
import { mostProjected, signProjection } from '@market-of-experts/protocol';

type Projection = ReturnType<typeof signProjection>;

/** Editions and sizes, each of up to some megabytes. */
const keptProjections = 16;
const projections = new Map<string, Projection>();

/** Longest vector that is shorter than the edition's. */
export const longestShortened = mostProjected;

/**
 * A vector of an edition in fewer numbers: the published projection (docs/reference/http-api.md), of unit length. Always the first
 * numbers of the projection to the next power of two, so that a vector has the same bits whatever was asked for before.
 */
export function shortened(edition: EditionListing, vector: Float32Array, dimensions: number): Float32Array {
  if (dimensions === edition.dimensions) return vector;
  const projected = projectionOf(
    edition,
    2 ** Math.ceil(Math.log2(dimensions)),
  )(vector).subarray(0, dimensions);
  let squares = 0;
  for (const value of projected) squares += value * value;
  const length = Math.sqrt(squares) || 1;
  return projected.map((value) => value / length);
}

function projectionOf({ parts, projectionSeed }: EditionListing, count: number): Projection {
  const named = parts.map(({ modelVersion, dimensions }) => ({ name: modelVersion, dimensions }));
  const key = JSON.stringify([named, projectionSeed, count]);
  const projection = projections.get(key) ?? signProjection(named, projectionSeed, count);
  projections.delete(key);
  projections.set(key, projection);
  if (projections.size > keptProjections) projections.delete(projections.keys().next().value!);
  return projection;
}
