import type { NodeId } from '@market-of-experts/core';
import type { JobParameters } from '@market-of-experts/protocol';
import { normalBelow } from './normal.ts';
import type { HistoryRecord } from './records/record.ts';

/** What a worker did at the place; loss and excess are means, shrunk. */
interface PlaceRow {
  readonly jobs: number;
  readonly loss: number;
  readonly excess: number;
}

/** What the newcomer has to beat in one replayed job, one seat being its own. */
interface Game {
  /** Lowest `k₀·E + loss` of the others. */
  readonly toBeat: number;
  readonly jobMean: number;
}

export interface PlaceReplayInit {
  readonly unitsPerJob: number;
  /** σ: standard deviation of the excess of one job. */
  readonly noise: number;
  readonly parameters: Pick<JobParameters, 'historyWeight' | 'placeShrinkage'>;
}

const replayedJobs = 256;

/** The last jobs of a place, played again with a newcomer in the seat of each member in turn: see {@link regions}. */
export class PlaceReplay {
  readonly meanLoss: number;
  /** By worker, shrunk by `placeShrinkage` jobs. */
  readonly rows: ReadonlyMap<NodeId, PlaceRow>;
  /** Share of its excess that an expert's standing shows after as many jobs as the others have on average. */
  readonly #maturity: number;
  readonly #games: readonly Game[];
  readonly #noise: number;
  readonly #historyWeight: number;

  constructor(records: readonly HistoryRecord[], { unitsPerJob, noise, parameters }: PlaceReplayInit) {
    const shrinkage = parameters.placeShrinkage;
    const sums = new Map<NodeId, { jobs: number; loss: number; excess: number }>();
    let losses = 0;
    let count = 0;
    for (const { outcomes } of records)
      for (const { worker, lossUnits, excessUnits } of outcomes) {
        const row = sums.get(worker) ?? { jobs: 0, loss: 0, excess: 0 };
        row.jobs += 1;
        row.loss += lossUnits / unitsPerJob;
        row.excess += excessUnits / unitsPerJob;
        sums.set(worker, row);
        losses += lossUnits / unitsPerJob;
        count += 1;
      }
    const meanLoss = losses / Math.max(1, count);
    this.meanLoss = meanLoss;
    this.rows = new Map(
      [...sums].map(([worker, { jobs, loss, excess }]) => [
        worker,
        {
          jobs,
          loss: (shrinkage * meanLoss + loss) / (shrinkage + jobs),
          excess: excess / (shrinkage + jobs),
        },
      ]),
    );
    const meanJobs = count / Math.max(1, sums.size);
    this.#maturity = meanJobs / (meanJobs + shrinkage);
    this.#noise = noise;
    this.#historyWeight = parameters.historyWeight;
    this.#games = records.slice(-replayedJobs).flatMap((record) => this.#gamesOf(record, unitsPerJob));
  }

  /** Probability that a newcomer of this mean loss wins here. */
  winShare(loss: number): number {
    if (this.#games.length === 0) return 0;
    const standing = this.#historyWeight * this.#maturity * (loss - this.meanLoss);
    const won = this.#games.reduce(
      (sum, { toBeat, jobMean }) =>
        sum + normalBelow((toBeat - standing - (loss + jobMean - this.meanLoss)) / this.#noise),
      0,
    );
    return won / this.#games.length;
  }

  #gamesOf({ outcomes }: HistoryRecord, unitsPerJob: number): Game[] {
    if (outcomes.length < 2) return [];
    const jobMean =
      outcomes.reduce((sum, { lossUnits }) => sum + lossUnits, 0) / outcomes.length / unitsPerJob;
    const scores = outcomes.map(
      ({ worker, lossUnits }) =>
        this.#historyWeight * this.rows.get(worker)!.excess + lossUnits / unitsPerJob,
    );
    return scores.map((_, seat) => ({
      toBeat: Math.min(...scores.filter((_, other) => other !== seat)),
      jobMean,
    }));
  }
}
