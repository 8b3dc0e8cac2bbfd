import { lossUnitsPerDatum, type MarketParameters } from '@market-of-experts/protocol';
import { standardNormal } from '@market-of-experts/roles/calling/policy';
import type { PublicBeliefs } from './beliefs/beliefs.ts';
import { HistoryBeliefs } from './beliefs/history-beliefs.ts';
import { PlaceBeliefs } from './beliefs/place-beliefs.ts';
import { randomStream } from './chance/random.ts';
import { runJob } from './job/run-job.ts';
import { Measurements } from './metrics/measurements.ts';
import type { RunResult } from './metrics/result.ts';
import { makePopulation, type SimulatedExpert } from './population/expert.ts';
import { respecialise } from './respecialise.ts';
import type { Scenario } from './scenario/schema.ts';
import { makeDemand } from './space/demand.ts';
import { makePlaces } from './space/places.ts';
import { Accounts } from './state/accounts.ts';
import type { Datum, DecidedJob } from './state/decided-job.ts';
import { MarketState } from './state/market-state.ts';
import { parametersOf } from './state/parameters.ts';

const placesSample = 4_000;

function makeBeliefs(
  { beliefs, noise, dimensions, jobsPerSecond }: Scenario,
  parameters: MarketParameters,
  experts: readonly SimulatedExpert[],
): PublicBeliefs {
  const init = {
    experts: experts.length,
    places: parameters.places,
    friends: beliefs.friends,
    halfLifeJobs: beliefs.halfLifeJobs,
    jobNoise: noise.expert,
    unitsPerJob: lossUnitsPerDatum,
  };
  if (beliefs.from === 'places') return new PlaceBeliefs(init);
  return new HistoryBeliefs({
    ...init,
    dimensions,
    jobsPerSecond,
    seats: parameters.shardSize + parameters.probationSeats,
    nodes: experts.map(({ node }) => node),
  });
}

/** A run under way: what there is, and the next job of it. */
export interface Run {
  readonly market: MarketState;
  readonly accounts: Accounts;
  readonly measurements: Measurements;
  /** Simulates one job, and the settlement when one is due. */
  step(): DecidedJob;
}

/** Sets a scenario up in virtual time. Every kind of chance has a stream of its own, all from the scenario's seed. */
export function startRun(scenario: Scenario): Run {
  const { seed, noise } = scenario;
  const parameters = parametersOf(scenario);
  const demand = makeDemand(scenario.demand, scenario.dimensions, randomStream(seed, 'demand'));
  const sampling = randomStream(seed, 'places');
  const places = makePlaces(
    Array.from({ length: placesSample }, () => demand.typical(sampling)),
    parameters.places,
  );
  const experts = makePopulation(scenario, demand, randomStream(seed, 'experts'));
  const beliefs = makeBeliefs(scenario, parameters, experts);
  const market = new MarketState({ scenario, parameters, experts, beliefs, places });
  const accounts = new Accounts(experts.length);
  const measurements = new Measurements(market, accounts);

  const arrivals = randomStream(seed, 'arrivals');
  const data = randomStream(seed, 'data');
  const chance = randomStream(seed, 'chance');
  const moves = randomStream(seed, 'moves');
  const epochMs = scenario.epochSeconds * 1_000;
  let job = 0;
  let atMs = 0;
  let epoch = 0;

  const nextDatum = (): Datum => {
    atMs += (-Math.log(1 - arrivals()) * 1_000) / scenario.jobsPerSecond;
    const point = demand.draw(job / scenario.jobs, data);
    // Log-normal, of mean 1.
    const difficulty = Math.exp(noise.difficulty * standardNormal(data) - noise.difficulty ** 2 / 2);
    return { job, atMs, point, place: places.of(point), difficulty };
  };
  return {
    market,
    accounts,
    measurements,
    step() {
      const datum = nextDatum();
      if (Math.floor(atMs / epochMs) > epoch) {
        epoch = Math.floor(atMs / epochMs);
        for (const expert of experts) expert.declines = 0;
      }
      const decided = runJob(market, datum, `${seed}:${job}`, chance);
      market.record.take(decided);
      accounts.book(decided);
      measurements.take(decided);
      job += 1;
      if (job % scenario.batchJobs === 0) {
        market.settle(job, atMs);
        respecialise(market, measurements, places, job, moves, accounts);
      }
      return decided;
    },
  };
}

/**
 * Runs a scenario, job by job; yields the number of jobs done after every settlement, and returns what was measured,
 * also when `stop` says to end early. The same scenario gives the same result.
 */
export function* simulate(
  scenario: Scenario,
  stop: () => boolean = () => false,
): Generator<number, RunResult, void> {
  const run = startRun(scenario);
  for (let job = 1; job <= scenario.jobs && !stop(); job += 1) {
    run.step();
    if (job % scenario.batchJobs === 0) yield job;
  }
  return run.measurements.result();
}
