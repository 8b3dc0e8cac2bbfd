import type { NodeId } from '@market-of-experts/core';
import type { History, HistoryQuery, Neighbour } from './history.ts';
import { excessSteps } from './records/record.ts';
import type { WorkerTally } from './worker-tallies.ts';

/** A quantity that is not known exactly. */
export interface Estimate {
  readonly mean: number;
  /** Standard deviation of what is believed of the *mean*: it shrinks with evidence. Not the spread of single jobs. */
  readonly sd: number;
}

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

/** Where nothing is known: chance, the noise of a typical job, and how many jobs that belief is worth. */
const prior = { loss: 0.5, winProbability: 1 / 3, noiseSd: 0.2, noiseJobs: 8, latencyMs: 250 };
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
    const excessNoise = varianceOf(
      tally.jobs,
      tally.excessSteps / excessUnit,
      tally.excessStepsSquared / excessUnit ** 2,
      market.excessVariance,
    );
    const excessEverywhere = globalEstimate(
      0,
      tally.excessSteps / excessUnit,
      tally.jobs,
      global,
      excessNoise,
    );
    const excessHere = shrunk(excess, excessEverywhere, local);

    const winShare = (global * market.winShare + tally.wins) / (global + tally.jobs);
    const winsEverywhere = globalEstimate(
      market.winShare,
      tally.wins,
      tally.jobs,
      global,
      winShare * (1 - winShare),
    );
    const latencyNoise = varianceOf(
      tally.timedJobs,
      tally.latencyMs,
      tally.latencyMsSquared,
      market.latencyVariance,
    );
    const latencyEverywhere = globalEstimate(
      market.latencyMs,
      tally.latencyMs,
      tally.timedJobs,
      global,
      latencyNoise,
    );
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

/** Standard deviation of one job around the worker's mean, over all workers that have a record. */
export interface JobNoise {
  readonly loss: number;
  /** The one that decides who wins: what is hard for all is taken out. */
  readonly excess: number;
}

/** Pooled over workers; a typical value counts as eight jobs, so that a new market has one too. */
export function jobNoise(history: History): JobNoise {
  const excessUnit = history.unitsPerJob * excessSteps;
  let jobs = prior.noiseJobs;
  let loss = prior.noiseJobs * prior.noiseSd ** 2;
  let excess = loss;
  for (const worker of history.workers()) {
    const tally = history.tallyOf(worker);
    jobs += tally.jobs - 1;
    loss += squaredDeviations(tally.jobs, tally.lossUnits, tally.lossUnitsSquared) / history.unitsPerJob ** 2;
    excess += squaredDeviations(tally.jobs, tally.excessSteps, tally.excessStepsSquared) / excessUnit ** 2;
  }
  return { loss: Math.sqrt(loss / jobs), excess: Math.sqrt(excess / jobs) };
}

/** A belief with the variance of one job, which further evidence is weighed by. */
interface NoisyEstimate extends Estimate {
  readonly variance: number;
}

class WeightedSum {
  weight = 0;
  sum = 0;

  add(value: number, weight: number): void {
    this.weight += weight;
    this.sum += weight * value;
  }
}

function globalEstimate(
  priorMean: number,
  sum: number,
  jobs: number,
  shrinkage: number,
  variance: number,
): NoisyEstimate {
  return {
    mean: (shrinkage * priorMean + sum) / (shrinkage + jobs),
    sd: Math.sqrt(variance / (shrinkage + jobs)),
    variance,
  };
}

function shrunk({ sum, weight }: WeightedSum, everywhere: NoisyEstimate, shrinkage: number): Estimate {
  const share = shrinkage / (shrinkage + weight);
  return {
    mean: share * everywhere.mean + sum / (shrinkage + weight),
    sd: Math.sqrt(everywhere.variance / (shrinkage + weight) + (share * everywhere.sd) ** 2),
  };
}

const pick = ({ mean, sd }: Estimate): Estimate => ({ mean, sd });

interface MarketPosterior {
  readonly loss: NoisyEstimate;
  readonly excessVariance: number;
  readonly winShare: number;
  readonly latencyMs: number;
  readonly latencyVariance: number;
}

function marketOf(history: History, shrinkage: number): MarketPosterior {
  const all: WorkerTally = history.tallyOfAll();
  const { unitsPerJob } = history;
  const noise = prior.noiseSd ** 2;
  const lossVariance = varianceOf(
    all.jobs,
    all.lossUnits / unitsPerJob,
    all.lossUnitsSquared / unitsPerJob ** 2,
    noise,
  );
  const latencyMs =
    all.timedJobs === 0
      ? prior.latencyMs
      : (shrinkage * prior.latencyMs + all.latencyMs) / (shrinkage + all.timedJobs);
  return {
    loss: globalEstimate(prior.loss, all.lossUnits / unitsPerJob, all.jobs, shrinkage, lossVariance),
    excessVariance: varianceOf(
      all.jobs,
      all.excessSteps / (unitsPerJob * excessSteps),
      all.excessStepsSquared / (unitsPerJob * excessSteps) ** 2,
      noise,
    ),
    winShare: (shrinkage * prior.winProbability + all.wins) / (shrinkage + all.jobs),
    latencyMs,
    latencyVariance: varianceOf(all.timedJobs, all.latencyMs, all.latencyMsSquared, prior.latencyMs ** 2),
  };
}

/** Variance of one job, of which a prior value counts as eight jobs. */
function varianceOf(jobs: number, sum: number, squares: number, priorVariance: number): number {
  const free = Math.max(0, jobs - 1);
  return (prior.noiseJobs * priorVariance + squaredDeviations(jobs, sum, squares)) / (prior.noiseJobs + free);
}

function squaredDeviations(jobs: number, sum: number, squares: number): number {
  return jobs < 2 ? 0 : Math.max(0, squares - sum ** 2 / jobs);
}
