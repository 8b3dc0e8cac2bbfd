import type { NodeId } from '@moe/core';
import type { MarketParameters } from '../parameters.ts';
import { type Fraction, fraction, shrink } from './fraction.ts';

/** Scored jobs, the sum of their losses in units of `1 / lossUnitsPerJob`, and how many were won. */
export interface Tally {
  readonly jobs: number;
  readonly lossUnits: number;
  readonly wins: number;
}

/** What the winner's rule knows of an expert at a place when a job is scored. */
export interface Standing {
  readonly global: Pick<Tally, 'jobs' | 'lossUnits'>;
  readonly place: Pick<Tally, 'jobs' | 'lossUnits'>;
}

export const emptyTally: Tally = { jobs: 0, lossUnits: 0, wins: 0 };

/** A loss has `distractors × pieces` as denominator; with 1 to 4 pieces this is a multiple of each. */
export function lossUnitsPerJob(parameters: Pick<MarketParameters, 'distractors'>): number {
  return parameters.distractors * 12;
}

/** One certified loss, in the units of {@link lossUnitsPerJob}. */
export interface CertifiedLoss {
  readonly node: NodeId;
  readonly place: number;
  readonly lossUnits: number;
  readonly won: boolean;
}

interface Row {
  readonly global: Tally;
  readonly places: ReadonlyMap<number, Tally>;
}

/** `[expert, place, jobs, lossUnits, wins]` */
export type StandingRow = readonly [NodeId, number, number, number, number];

const add = (tally: Tally, lossUnits: number, won: boolean): Tally => ({
  jobs: tally.jobs + 1,
  lossUnits: tally.lossUnits + lossUnits,
  wins: tally.wins + (won ? 1 : 0),
});

/**
 * The table of places: for every expert, its certified losses in each cell of the partition and altogether.
 * A fold over settled certificates, so that every verifier has the same one. Never changed in place: a job is
 * scored with the table of the batch that its roster names.
 */
export class Standings {
  static readonly empty = new Standings(new Map());
  readonly #rows: ReadonlyMap<NodeId, Row>;

  private constructor(rows: ReadonlyMap<NodeId, Row>) {
    this.#rows = rows;
  }

  /** The table after some more certified losses. */
  with(losses: readonly CertifiedLoss[]): Standings {
    const rows = new Map(this.#rows);
    for (const { node, place, lossUnits, won } of losses) {
      const row = rows.get(node) ?? { global: emptyTally, places: new Map<number, Tally>() };
      rows.set(node, {
        global: add(row.global, lossUnits, won),
        places: new Map(row.places).set(place, add(row.places.get(place) ?? emptyTally, lossUnits, won)),
      });
    }
    return new Standings(rows);
  }

  of(expert: NodeId, place: number): { readonly global: Tally; readonly place: Tally } {
    const row = this.#rows.get(expert);
    return { global: row?.global ?? emptyTally, place: row?.places.get(place) ?? emptyTally };
  }

  /** Plain rows, for a snapshot on disk. */
  toRows(): StandingRow[] {
    return [...this.#rows].flatMap(([node, { places }]) =>
      [...places].map(
        ([place, { jobs, lossUnits, wins }]): StandingRow => [node, place, jobs, lossUnits, wins],
      ),
    );
  }

  static fromRows(rows: readonly StandingRow[]): Standings {
    const table = new Map<NodeId, { global: Tally; places: Map<number, Tally> }>();
    for (const [node, place, jobs, lossUnits, wins] of rows) {
      const row = table.get(node) ?? { global: emptyTally, places: new Map<number, Tally>() };
      row.global = {
        jobs: row.global.jobs + jobs,
        lossUnits: row.global.lossUnits + lossUnits,
        wins: row.global.wins + wins,
      };
      row.places.set(place, { jobs, lossUnits, wins });
      table.set(node, row);
    }
    return new Standings(table);
  }
}

/** Expected loss of an expert at a place: its mean there, shrunk to its global mean, shrunk to chance (½). */
export function placeLoss(standing: Standing, parameters: MarketParameters): Fraction {
  const units = lossUnitsPerJob(parameters);
  const global = shrink(
    fraction(1, 2),
    BigInt(parameters.globalShrinkage),
    fraction(standing.global.lossUnits, units),
    BigInt(standing.global.jobs),
  );
  return shrink(
    global,
    BigInt(parameters.placeShrinkage),
    fraction(standing.place.lossUnits, units),
    BigInt(standing.place.jobs),
  );
}

/** `(k₀·L_place + jobLoss) / (k₀ + 1)`: what decides the winner (protocol.md, section 3). */
export function shrunkenLoss(jobLoss: Fraction, standing: Standing, parameters: MarketParameters): Fraction {
  return shrink(placeLoss(standing, parameters), BigInt(parameters.historyWeight), jobLoss, 1n);
}
