/**
 * What the study takes for realistic, and why. Nothing here is a fault: packets get lost, processes pause.
 *
 * One-way delay of a message: a median of the pair of nodes (as far apart as they are), times log-normal jitter
 * (routes are stable within a job: σ 0.1 to 0.3), and now and then a spike of 0.5 to 3 s, which is a lost packet
 * that is sent again. Sources: the pairs of regions follow the published round trips between cloud regions (1 to 2 ms
 * within one, 20 to 40 ms across a continent, 70 to 300 ms between continents; half of it one way); the
 * spikes follow RFC 6298 (the timer for a retransmission starts at 1 s, doubles with each loss, and is never below
 * 1 s by the letter; Linux goes down to 200 ms), loss of 0.1 to 1 % as providers guarantee and measure between
 * continents. A LAN with 0.1 % is a bad one (Wi-Fi): the table errs on the side of lateness.
 *
 * Computing: the experts' medians for half a text are spread evenly in logarithm from 5 ms (static embeddings) to
 * 200 ms (a small transformer on a busy CPU), log-normal with σ 0.4, and one computation in a hundred waits
 * besides, exponentially with mean 100 ms, for a collection of garbage or other people's work (Dean and Barroso, "The
 * Tail at Scale", CACM 56(2), 2013: a slow percentile of every server is what a fan-out sees).
 */
import { logNormal, logUniform, type Uniform, uniformFrom } from './random.ts';

export interface NetworkConditions {
  readonly name: 'lan' | 'continent' | 'world';
  /** One-way delay of a pair of nodes in milliseconds, drawn once per pair. */
  readonly pairMs: (uniform: Uniform) => number;
  /** Deviation of the logarithm of a message's delay about its pair's. */
  readonly jitterSigma: number;
  /** Share of messages that are lost and sent again. */
  readonly spikeRate: number;
}

export const networks: readonly NetworkConditions[] = [
  { name: 'lan', pairMs: () => 0.25, jitterSigma: 0.3, spikeRate: 0.001 },
  {
    name: 'continent',
    pairMs: (uniform) => logUniform(uniform, 5, 25),
    jitterSigma: 0.15,
    spikeRate: 0.003,
  },
  {
    name: 'world',
    // A third of the pairs share a region or its neighbour; the others are oceans apart.
    pairMs: (uniform) => (uniform() < 1 / 3 ? logUniform(uniform, 1, 25) : logUniform(uniform, 35, 150)),
    jitterSigma: 0.1,
    spikeRate: 0.01,
  },
];

const spikeMs = { shortest: 500, longest: 3_000 };
const computing = { fastestMs: 5, slowestMs: 200, sigma: 0.4, pauseRate: 0.01, meanPauseMs: 100 };

/** Median time of expert `index` of `count` for half a text, in milliseconds. */
export function medianComputeMs(index: number, count: number): number {
  return computing.fastestMs * (computing.slowestMs / computing.fastestMs) ** (index / (count - 1));
}

/** One computation; `halves` is how many halves of the text's length it reads. */
export function computeMs(uniform: Uniform, medianMs: number, halves: number): number {
  const work = logNormal(uniform, medianMs, computing.sigma) * halves;
  const pause = uniform() < computing.pauseRate ? -computing.meanPauseMs * Math.log(1 - uniform()) : 0;
  return work + pause;
}

/** The delays of every link, job by job: the same job meets the same weather whatever the market's parameters. */
export interface Weather {
  startJob(job: number): void;
  /** One-way delay of the next message of a link, in milliseconds. */
  delayMs(from: number, to: number): number;
  /** Whether a message of the link had a spike in this job. */
  hadSpike(from: number, to: number): boolean;
}

export function weatherOf(conditions: NetworkConditions, seed: number): Weather {
  const pairs = new Map<number, number>();
  const links = new Map<number, Uniform>();
  const spikes = new Set<number>();
  let current = 0;
  const keyOf = (from: number, to: number): number => 1_000 * from + to;
  const pairMs = (from: number, to: number): number => {
    const key = keyOf(Math.min(from, to), Math.max(from, to));
    const known = pairs.get(key) ?? conditions.pairMs(uniformFrom(seed, 1, key));
    pairs.set(key, known);
    return known;
  };
  return {
    startJob(job) {
      current = job;
      links.clear();
      spikes.clear();
    },
    delayMs(from, to) {
      const key = keyOf(from, to);
      const uniform = links.get(key) ?? uniformFrom(seed, 2, current, key);
      links.set(key, uniform);
      const travelMs = logNormal(uniform, pairMs(from, to), conditions.jitterSigma);
      if (uniform() >= conditions.spikeRate) return travelMs;
      spikes.add(key);
      return travelMs + logUniform(uniform, spikeMs.shortest, spikeMs.longest);
    },
    hadSpike: (from, to) => spikes.has(keyOf(from, to)),
  };
}
