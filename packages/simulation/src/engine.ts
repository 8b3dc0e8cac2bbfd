import { PlaceBeliefs } from './beliefs/place-beliefs.ts';
import { runJob } from './job/run-job.ts';
import { Accounts } from './market/accounts.ts';
import { MarketState } from './market/market-state.ts';
import { parametersOf } from './market/parameters.ts';
import { Measurements } from './metrics/measurements.ts';
import type { RunResult } from './metrics/result.ts';
import { makePopulation } from './population/expert.ts';
import { respecialise } from './population/respecialise.ts';
import { randomStream } from './random.ts';
import type { Scenario } from './scenario/schema.ts';
import { makeDemand } from './space/demand.ts';
import { makePlaces } from './space/places.ts';

const placesSample = 4_000;

/**
 * Runs a scenario in virtual time, job by job; yields the number of jobs done now and then, and returns what was
 * measured. Pure: the same scenario gives the same result. Stopped early (`return`), nothing is given: use `stop`.
 */
export function* simulate(
  scenario: Scenario,
  stop: () => boolean = () => false,
): Generator<number, RunResult, void> {
  const { seed } = scenario;
  const parameters = parametersOf(scenario);
  const demand = makeDemand(scenario.demand, scenario.dimensions, randomStream(seed, 'demand'));
  const sampling = randomStream(seed, 'places');
  const places = makePlaces(
    Array.from({ length: placesSample }, () => demand.typical(sampling)),
    parameters.places,
  );
  const experts = makePopulation(scenario, demand, randomStream(seed, 'experts'));
  const beliefs = new PlaceBeliefs({
    experts: experts.length,
    places: parameters.places,
    friends: scenario.beliefs.friends,
    halfLifeJobs: scenario.beliefs.halfLifeJobs,
    jobNoise: scenario.noise.expert,
  });
  const market = new MarketState({ scenario, parameters, experts, beliefs });
  const accounts = new Accounts(experts.length);
  const measurements = new Measurements(market, accounts, places);

  const arrivals = randomStream(seed, 'arrivals');
  const data = randomStream(seed, 'data');
  const chance = randomStream(seed, 'chance');
  const moves = randomStream(seed, 'moves');
  let atMs = 0;
  let epoch = 0;
  for (let job = 0; job < scenario.jobs && !stop(); job += 1) {
    atMs += (-Math.log(1 - arrivals()) * 1_000) / scenario.jobsPerSecond;
    const point = demand.draw(job / scenario.jobs, data);
    const sigma = scenario.noise.difficulty;
    // A log-normal factor of mean 1, by Box and Muller on the stream of the data.
    const normal = Math.sqrt(-2 * Math.log(1 - data())) * Math.cos(2 * Math.PI * data());
    const difficulty = Math.exp(sigma * normal - (sigma * sigma) / 2);
    if (Math.floor(atMs / (scenario.epochSeconds * 1_000)) > epoch) {
      epoch = Math.floor(atMs / (scenario.epochSeconds * 1_000));
      for (const expert of experts) expert.declines = 0;
    }
    const datum = { job, atMs, point, place: places.of(point), difficulty };
    const decided = runJob(market, datum, `${seed}:${job}`, chance);
    accounts.book(decided);
    measurements.take(decided);
    if ((job + 1) % scenario.batchJobs === 0) {
      market.settle(job + 1);
      respecialise(market, measurements, places, job + 1, moves, accounts);
      yield job + 1;
    }
  }
  return measurements.result();
}
