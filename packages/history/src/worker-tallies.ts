import type { RowOutcome } from './records/row-layout.ts';

/**
 * Running sums of whole numbers over the records that are kept, so that they do not depend on the order in which
 * records came, and what is forgotten can be taken out exactly.
 */
export interface WorkerTally {
  readonly jobs: number;
  readonly wins: number;
  readonly lossUnits: number;
  readonly lossUnitsSquared: number;
  /** In 1/256 of a unit. */
  readonly excessSteps: number;
  readonly excessStepsSquared: number;
  /** Jobs with a known latency. */
  readonly timedJobs: number;
  readonly latencyMs: number;
  readonly latencyMsSquared: number;
}

export const emptyTally: WorkerTally = {
  jobs: 0,
  wins: 0,
  lossUnits: 0,
  lossUnitsSquared: 0,
  excessSteps: 0,
  excessStepsSquared: 0,
  timedJobs: 0,
  latencyMs: 0,
  latencyMsSquared: 0,
};

const fields = Object.keys(emptyTally) as (keyof WorkerTally)[];
const rowNumbers = 1 + fields.length;

type MutableTally = { -readonly [Key in keyof WorkerTally]: number };

/** A tally of every worker, by its number in the table of nodes, and of all together. */
export class WorkerTallies {
  readonly #byWorker = new Map<number, MutableTally>();
  readonly #all: MutableTally = { ...emptyTally };

  get all(): WorkerTally {
    return this.#all;
  }

  of(workerIndex: number): WorkerTally {
    return this.#byWorker.get(workerIndex) ?? emptyTally;
  }

  /** Numbers of the workers that have a record. */
  workers(): number[] {
    return [...this.#byWorker].flatMap(([index, { jobs }]) => (jobs > 0 ? [index] : []));
  }

  /** One row for each worker: its number, and its sums in the order of {@link WorkerTally}. */
  rows(): Float64Array {
    return Float64Array.from(
      [...this.#byWorker].flatMap(([worker, tally]) => [worker, ...fields.map((field) => tally[field])]),
    );
  }

  /** Takes over what {@link WorkerTallies.rows} said, in place of what it has. */
  restore(rows: Float64Array): void {
    this.#byWorker.clear();
    Object.assign(this.#all, emptyTally);
    for (let start = 0; start < rows.length; start += rowNumbers) {
      const tally: MutableTally = { ...emptyTally };
      for (const [index, field] of fields.entries()) {
        tally[field] = rows[start + 1 + index]!;
        this.#all[field] += tally[field];
      }
      this.#byWorker.set(rows[start]!, tally);
    }
  }

  /** Adds an outcome, or takes it out again with sign −1. */
  count(outcome: RowOutcome, sign: 1 | -1): void {
    let tally = this.#byWorker.get(outcome.workerIndex);
    if (tally === undefined) {
      tally = { ...emptyTally };
      this.#byWorker.set(outcome.workerIndex, tally);
    }
    add(tally, outcome, sign);
    add(this.#all, outcome, sign);
  }
}

function add(tally: MutableTally, outcome: RowOutcome, sign: 1 | -1): void {
  const { lossUnits, excessSteps, latencyMs, won } = outcome;
  tally.jobs += sign;
  tally.wins += won ? sign : 0;
  tally.lossUnits += sign * lossUnits;
  tally.lossUnitsSquared += sign * lossUnits * lossUnits;
  tally.excessSteps += sign * excessSteps;
  tally.excessStepsSquared += sign * excessSteps * excessSteps;
  if (latencyMs === 0) return;
  tally.timedJobs += sign;
  tally.latencyMs += sign * latencyMs;
  tally.latencyMsSquared += sign * latencyMs * latencyMs;
}
