import type { NodeId } from '@market-of-experts/core';
import {
  type Estimate,
  globalEstimate,
  type NoisyEstimate,
  pick,
  type Sums,
  shrunk,
  varianceOf,
  WeightedSum,
} from './estimate.ts';
import type { History, HistoryQuery, Neighbour } from './history.ts';
import { typicalNoiseSd } from './job-noise.ts';
import { excessSteps } from './records/record.ts';
import type { WorkerTally } from './worker-tallies.ts';

/** What the history says of one worker for a datum. */
export interface ExpertPosterior {
  readonly worker: NodeId;
  /** Jobs of the worker near the datum, each counted by how near and how recent it is (a fresh, equal one is 1). */
  readonly evidenceJobs: number;
  /** Loss, 0 to 1. */
  readonly loss: Estimate;
  /** Own loss minus the mean of the others in the job, −1 to 1. */
  readonly excess: Estimate;
  /** Probability of winning a job in which it works, against the members that were drawn so far. */
  readonly winProbability: Estimate;
  readonly latencyMs: Estimate;
}

export interface PosteriorOptions {
  /** The present; records of later count as fresh. */
  readonly nowMs: number;
  /** Nearest records that are weighed; default 64. */
  readonly neighbours?: number;
  /** Age at which a near record counts half; default 7 days. */
  readonly halfLifeMs?: number;
  /** Distance (1 − cosine) at which a record counts 1/e; default 0.5. */
  readonly bandwidth?: number;
  /** κ: jobs nearby that weigh as much as the worker's record everywhere; default 4. */
  readonly localShrinkage?: number;
  /** κ₀: jobs anywhere that weigh as much as the prior; default 4. */
  readonly globalShrinkage?: number;
}

/** Where nothing is known: chance. */
const prior = { loss: 0.5, winProbability: 1 / 3, latencyMs: 250 };
/** Chosen by `npm run bench -- history --posterior`: docs/concepts/history.md. */
const defaults = {
  neighbours: 64,
  halfLifeMs: 7 * 24 * 3_600_000,
  bandwidth: 0.5,
  localShrinkage: 4,
  globalShrinkage: 4,
};

interface Weighed {
  readonly weight: number;
  readonly recency: number;
  readonly outcome: Neighbour['record']['outcomes'][number];
}

/**
 * What the records near a datum, and those elsewhere, say of each worker. For a quantity x with the worker's jobs i
 * among the nearest records, `w_i = exp((cos_i − 1)/bandwidth) · 2^(−age_i/halfLife)` and `W = Σ w_i`:
 *
 * `g = (κ₀·prior + Σ_all x)/(κ₀ + N)`, `mean = (κ·g + Σ w_i·x_i)/(κ + W)`,
 * `sd² = σ²/(κ + W) + (κ/(κ + W))²·σ²/(κ₀ + N)`,
 *
 * the normal–normal hierarchy in which an expert's deviation at a place has variance σ²/κ and an expert's own mean
 * σ²/κ₀; σ² is the variance of one job, from the worker's record and the market's. The prior of an excess is 0, of a
 * win the market's share of wins. A loss is the place's difficulty (the jobs' means nearby, shrunk alike to the
 * market's mean) plus the worker's excess, so that the mix of texts for which it was drawn does not matter. Latency is
 * weighed by age alone.
 *
 * Pure; returns one posterior for each of `workers`, in their order. Throws `history-query-invalid`.
 */
export function posterior(
  history: History,
  query: HistoryQuery,
  workers: readonly NodeId[],
  options: PosteriorOptions,
): ExpertPosterior[] {
  const settings = { ...defaults, ...options };
  const near = history.nearest(query, settings.neighbours);
  const byWorker = new Map<NodeId, Weighed[]>();
  const difficulty = new WeightedSum();
  for (const { record, similarity } of near) {
    const recency = 2 ** (-Math.max(0, settings.nowMs - record.atMs) / settings.halfLifeMs);
    const weight = Math.exp((similarity - 1) / settings.bandwidth) * recency;
    const losses = record.outcomes.reduce((sum, { lossUnits }) => sum + lossUnits, 0);
    if (record.outcomes.length > 0)
      difficulty.add(losses / record.outcomes.length / history.unitsPerJob, weight);
    for (const outcome of record.outcomes) {
      const known = byWorker.get(outcome.worker);
      if (known === undefined) byWorker.set(outcome.worker, [{ weight, recency, outcome }]);
      else known.push({ weight, recency, outcome });
    }
  }
  const market = marketOf(history, settings.globalShrinkage);
  const placeLoss = shrunk(difficulty, market.loss, settings.localShrinkage);
  return workers.map((worker) => posteriorOf(worker, byWorker.get(worker) ?? [], placeLoss));

  function posteriorOf(worker: NodeId, jobs: readonly Weighed[], place: Estimate): ExpertPosterior {
    const { localShrinkage: local, globalShrinkage: global } = settings;
    const tally = history.tallyOf(worker);
    const excessUnit = history.unitsPerJob * excessSteps;
    const excess = new WeightedSum();
    const wins = new WeightedSum();
    const latency = new WeightedSum();
    for (const { weight, recency, outcome } of jobs) {
      excess.add(outcome.excessUnits / history.unitsPerJob, weight);
      wins.add(outcome.won ? 1 : 0, weight);
      if (outcome.latencyMs > 0) latency.add(outcome.latencyMs, recency);
    }
    const excesses = excessOf(tally, excessUnit);
    const excessNoise = varianceOf(excesses, market.excessVariance);
    const excessHere = shrunk(excess, globalEstimate(0, excesses, global, excessNoise), local);

    const winShare = (global * market.winShare + tally.wins) / (global + tally.jobs);
    const winsEverywhere = globalEstimate(
      market.winShare,
      { jobs: tally.jobs, sum: tally.wins },
      global,
      winShare * (1 - winShare),
    );
    const latencies = latencyOf(tally);
    const latencyNoise = varianceOf(latencies, market.latencyVariance);
    const latencyEverywhere = globalEstimate(market.latencyMs, latencies, global, latencyNoise);
    return {
      worker,
      evidenceJobs: excess.weight,
      loss: {
        mean: Math.min(1, Math.max(0, place.mean + excessHere.mean)),
        sd: Math.sqrt(place.sd ** 2 + excessHere.sd ** 2),
      },
      excess: { mean: excessHere.mean, sd: excessHere.sd },
      winProbability: pick(shrunk(wins, winsEverywhere, local)),
      latencyMs: pick(shrunk(latency, latencyEverywhere, local)),
    };
  }
}

interface MarketPosterior {
  readonly loss: NoisyEstimate;
  readonly excessVariance: number;
  readonly winShare: number;
  readonly latencyMs: number;
  readonly latencyVariance: number;
}

function marketOf(history: History, shrinkage: number): MarketPosterior {
  const all = history.tallyOfAll();
  const { unitsPerJob } = history;
  const noise = typicalNoiseSd ** 2;
  const losses: Sums = {
    jobs: all.jobs,
    sum: all.lossUnits / unitsPerJob,
    squares: all.lossUnitsSquared / unitsPerJob ** 2,
  };
  const latencyMs =
    all.timedJobs === 0
      ? prior.latencyMs
      : (shrinkage * prior.latencyMs + all.latencyMs) / (shrinkage + all.timedJobs);
  return {
    loss: globalEstimate(prior.loss, losses, shrinkage, varianceOf(losses, noise)),
    excessVariance: varianceOf(excessOf(all, unitsPerJob * excessSteps), noise),
    winShare: (shrinkage * prior.winProbability + all.wins) / (shrinkage + all.jobs),
    latencyMs,
    latencyVariance: varianceOf(latencyOf(all), prior.latencyMs ** 2),
  };
}

/** `unit`: steps of a whole loss. */
function excessOf({ jobs, excessSteps, excessStepsSquared }: WorkerTally, unit: number): Sums {
  return { jobs, sum: excessSteps / unit, squares: excessStepsSquared / unit ** 2 };
}

function latencyOf({ timedJobs, latencyMs, latencyMsSquared }: WorkerTally): Sums {
  return { jobs: timedJobs, sum: latencyMs, squares: latencyMsSquared };
}
