import type { Uniform } from '../chance/random.ts';
import type { DemandSettings } from '../scenario/schema.ts';
import { nearPoint, type Point, uniformPoint } from './sphere.ts';

/** Where data come from: hotspots of different weight on an even background. */
export interface Demand {
  /** A datum of the moment when `share` (0 to 1) of the jobs has come. */
  draw(share: number, random: Uniform): Point;
  /** A place of data, over the whole run: where somebody would specialise who looks at all data alike. */
  typical(random: Uniform): Point;
}

/**
 * Weights fall as `1 / rank^skew` (Zipf). At `shiftAt` the order of the hotspots is reversed: what was asked for
 * most is asked for least from then on, and the other way round.
 */
export function makeDemand(settings: DemandSettings, dimensions: number, random: Uniform): Demand {
  const hotspots = Array.from({ length: settings.hotspots }, () => uniformPoint(dimensions, random));
  const raw = hotspots.map((_, rank) => 1 / (rank + 1) ** settings.skew);
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  const before = cumulative(raw.map((weight) => weight / total));
  const after = cumulative([...raw].reverse().map((weight) => weight / total));
  const from = (weights: readonly number[] | undefined, source: Uniform): Point => {
    if (hotspots.length === 0 || source() < settings.background) return uniformPoint(dimensions, source);
    const point = source();
    const index =
      weights === undefined ? Math.floor(point * hotspots.length) : weights.findIndex((upTo) => point < upTo);
    return nearPoint(hotspots[index < 0 ? hotspots.length - 1 : index]!, settings.spread, source);
  };
  return {
    draw: (share, source) =>
      from(settings.shiftAt !== undefined && share >= settings.shiftAt ? after : before, source),
    typical: (source) => from(undefined, source),
  };
}

function cumulative(weights: readonly number[]): number[] {
  let sum = 0;
  return weights.map((weight) => {
    sum += weight;
    return sum;
  });
}
