import { standardNormal } from '@market-of-experts/roles/calling/policy';
import type { Uniform } from '../chance/random.ts';

/** A unit vector: where a datum lies, or where an expert knows its way. */
export type Point = Float64Array<ArrayBuffer>;

export function uniformPoint(dimensions: number, random: Uniform): Point {
  return normalise(Float64Array.from({ length: dimensions }, () => standardNormal(random)));
}

/** Near `centre`: a normal step of length about `spread`, back onto the sphere. */
export function nearPoint(centre: Point, spread: number, random: Uniform): Point {
  const step = spread / Math.sqrt(Math.max(1, centre.length - 1));
  return normalise(centre.map((value) => value + step * standardNormal(random)));
}

export function normalise(point: Point): Point {
  let square = 0;
  for (const value of point) square += value * value;
  const length = Math.sqrt(square);
  if (length === 0) {
    point[0] = 1;
    return point;
  }
  for (let axis = 0; axis < point.length; axis += 1) point[axis]! /= length;
  return point;
}

/** Square of the straight distance between two unit vectors: 0 to 4. */
export function squaredDistance(a: Point, b: Point): number {
  let product = 0;
  for (let axis = 0; axis < a.length; axis += 1) product += a[axis]! * b[axis]!;
  return Math.max(0, 2 - 2 * product);
}
