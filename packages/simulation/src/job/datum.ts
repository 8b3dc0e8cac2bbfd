import type { MarketParameters } from '@market-of-experts/protocol';
import { keyedNormal } from '../chance/random.ts';
import type { SimulatedExpert } from '../population/expert.ts';
import { meanLoss } from '../population/skill.ts';
import type { Scenario } from '../scenario/schema.ts';
import type { Datum } from '../state/decided-job.ts';

/** A quarter: the mean at which `noise.expert` is given. The spread of a share falls towards 0 and 1. */
const referenceVariance = 0.25 * 0.75;

/** What a loss is counted in: pairs of an own piece and another entry in a full exam, twice for the ties. */
export function comparedIn({
  pieces,
  batchTexts,
  reserveTexts,
}: Pick<MarketParameters, 'pieces' | 'batchTexts' | 'reserveTexts'>): number {
  return 2 * pieces * (pieces * (batchTexts - 1) + reserveTexts);
}

/**
 * Loss of an expert on a datum, drawn around its mean there, as `[worse, compared]` like the real one. It depends on
 * the model and the datum only: two experts with one model have the same.
 */
export function drawLoss(
  expert: SimulatedExpert,
  datum: Datum,
  scenario: Scenario,
  compared: number,
): readonly [number, number] {
  const mean = Math.min(0.95, meanLoss(expert.skill, datum.point) * datum.difficulty);
  const sd = scenario.noise.expert * Math.sqrt((mean * (1 - mean)) / referenceVariance);
  const loss = mean + sd * keyedNormal(scenario.seed, datum.job, expert.model);
  return [Math.min(compared, Math.max(0, Math.round(loss * compared))), compared];
}
