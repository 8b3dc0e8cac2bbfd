import { normalBelow } from '@market-of-experts/history';
import type { Uniform } from './chance/random.ts';
import type { Measurements } from './metrics/measurements.ts';
import type { SimulatedExpert } from './population/expert.ts';
import type { SpherePlaces } from './space/places.ts';
import { nearPoint } from './space/sphere.ts';
import type { Accounts } from './state/accounts.ts';
import type { MarketState } from './state/market-state.ts';
import type { PlaceRecord } from './state/place-record.ts';

/** Who has a place already needs a reason to leave it: what it would earn elsewhere is a guess. */
const reasonToMove = 1.3;
/** Wins, faded, from which an expert counts as one that wins there. */
const lately = 0.5;
/** Places that are looked at more closely are the best ones; among them the choice is left to chance. */
const shortList = 5;

/**
 * Experts that train anew look at demand and competition, which certificates show, and turn to the place where a
 * model of their quality would earn most: the place's fees, divided among those that win there now and it, times the
 * probability that it beats them. Each looks in its own turn, once in `everyJobs`.
 */
export function respecialise(
  market: MarketState,
  measurements: Measurements,
  places: SpherePlaces,
  job: number,
  random: Uniform,
  accounts: Accounts,
): void {
  const { batchJobs, noise } = market.scenario;
  const { record } = market;
  let outlook: readonly PlaceOutlook[] | undefined;
  for (const expert of market.experts) {
    const rule = expert.settings.respecialise;
    if (rule === undefined || expert.joinsAtJob > job) continue;
    const turn = Math.floor((expert.index * rule.everyJobs) / market.experts.length);
    if (Math.floor((job - turn) / rule.everyJobs) === Math.floor((job - batchJobs - turn) / rule.everyJobs))
      continue;
    outlook ??= lookAt(record, places, market.experts.length);
    const options = outlook
      .map((place, index) => ({ index, worth: worthTo(expert, place, noise.expert) }))
      .sort((a, b) => b.worth - a.worth || a.index - b.index)
      .slice(0, shortList);
    const total = options.reduce((sum, { worth }) => sum + worth, 0);
    if (total === 0) continue;
    const chosen = drawByWorth(options, random() * total);
    const home = places.of(expert.skill.centre);
    const wins = outlook.reduce(
      (sum, _, place) => sum + record.recentWins[expert.index * outlook!.length + place]!,
      0,
    );
    if (chosen.index === home || chosen.worth < reasonToMove * wins) continue;
    expert.skill = {
      ...expert.skill,
      centre: nearPoint(places.centres[chosen.index]!, expert.skill.width / 4, random),
    };
    measurements.counts.moved(expert);
    accounts.costMicro[expert.index]! += rule.costCredits * 1_000_000;
  }
  record.fade();
}

function drawByWorth<Option extends { readonly worth: number }>(
  options: readonly Option[],
  point: number,
): Option {
  let left = point;
  for (const option of options) {
    if (left < option.worth) return option;
    left -= option.worth;
  }
  return options[0]!;
}

interface PlaceOutlook {
  readonly jobs: number;
  /** Experts that won there lately. */
  readonly winners: number;
  readonly winnerLoss: number;
}

function lookAt(record: PlaceRecord, places: SpherePlaces, experts: number): PlaceOutlook[] {
  const count = places.centres.length;
  return places.centres.map((_, place) => {
    let wins = 0;
    let winners = 0;
    for (let expert = 0; expert < experts; expert += 1) {
      const won = record.recentWins[expert * count + place]!;
      wins += won;
      if (won >= lately) winners += 1;
    }
    return {
      jobs: record.recentJobs[place]!,
      winners,
      winnerLoss: wins === 0 ? 1 : record.recentWinnerLoss[place]! / wins,
    };
  });
}

/** Jobs, recently counted, that the expert could expect to win with its best at the centre of the place. */
function worthTo(
  expert: SimulatedExpert,
  { jobs, winners, winnerLoss }: PlaceOutlook,
  noise: number,
): number {
  return (jobs / (winners + 1)) * normalBelow((winnerLoss - expert.skill.best) / noise);
}
