import { expect, it } from 'vitest';
import { nearestPlace } from '../../src/scoring/places.ts';

it('the place is the centroid with the largest dot product, ties to the lower', () => {
  const places = { count: 3, dimension: 2, centroids: Int16Array.of(32_767, 0, 0, 32_767, 0, 32_767) };
  expect(nearestPlace(places, Int16Array.of(5, 1))).toBe(0);
  expect(nearestPlace(places, Int16Array.of(1, 5))).toBe(1);
  expect(nearestPlace(places, Int32Array.of(-2_000_000, -1_000_000))).toBe(1);
  expect(nearestPlace(places, new Int16Array(2))).toBe(0);
});
