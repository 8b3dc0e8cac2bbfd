import { type Point, squaredDistance } from '../space/sphere.ts';

/** Mean loss as a function of place: `best` at the centre, rising to `elsewhere` with distance. */
export interface Skill {
  readonly centre: Point;
  readonly best: number;
  readonly elsewhere: number;
  readonly width: number;
}

/** Mean loss of an expert with this skill on data at a point. */
export function meanLoss(skill: Skill, point: Point): number {
  const exponent = squaredDistance(skill.centre, point) / (2 * skill.width * skill.width);
  // Beyond this, less than a thousandth of the advantage is left.
  return exponent > 7
    ? skill.elsewhere
    : skill.elsewhere - (skill.elsewhere - skill.best) * Math.exp(-exponent);
}
