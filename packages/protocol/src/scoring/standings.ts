import type { NodeId } from '@market-of-experts/core';
import { type Fraction, fraction, shrink } from './fraction.ts';

/** Scored data, each with the work of one job, what they add up to in units of `1 / lossUnitsPerDatum`, and how many were won. */
export interface LossTotals {
  readonly jobs: number;
  /** Sum of the losses: for people. It depends on which texts an expert was drawn for. */
  readonly lossUnits: number;
  /** Sum of {@link excessUnits}: what the winner's rule compares experts by. */
  readonly excessUnits: number;
  readonly wins: number;
}

/** What the winner's rule knows of an expert at a place when a job is scored. */
export interface Standing {
  readonly global: Pick<LossTotals, 'jobs' | 'excessUnits'>;
  readonly place: Pick<LossTotals, 'jobs' | 'excessUnits'>;
}

const noLosses: LossTotals = { jobs: 0, lossUnits: 0, excessUnits: 0, wins: 0 };

/** How standings are counted and weighed. */
export interface StandingParameters {
  /** k₀: weight of the expert's standing at the place against one job. */
  readonly historyWeight: number;
  /** Jobs by which a place's mean excess is shrunk to the expert's global one, and that to 0. */
  readonly placeShrinkage: number;
  readonly globalShrinkage: number;
}

/** How finely losses are counted in tables: a loss of 1. Certificates have them exactly. */
export const lossUnitsPerDatum = 10_000;

/**
 * Excess of a loss over the mean of the others', rounded to a whole unit; 0 without others. Texts differ more than
 * experts do, so an expert is compared with those who had the same text: a mean of absolute losses would favour
 * whoever was drawn for easy ones.
 */
export function excessUnits(ownUnits: number, othersUnits: readonly number[]): number {
  if (othersUnits.length === 0) return 0;
  const mean = othersUnits.reduce((sum, units) => sum + units, 0) / othersUnits.length;
  // Half a unit goes up on both sides of 0, and never to −0, which would be another encoding.
  return Math.floor(ownUnits - mean + 0.5) + 0;
}

/** One certified loss, in the units of {@link lossUnitsPerDatum}. */
export interface CertifiedLoss {
  readonly node: NodeId;
  readonly place: number;
  readonly lossUnits: number;
  readonly excessUnits: number;
  readonly won: boolean;
}

/** The same with the member for whom the node worked: itself, or who called it. */
export interface WorkerLoss extends CertifiedLoss {
  readonly principal: NodeId;
}

interface Row {
  readonly global: LossTotals;
  readonly places: ReadonlyMap<number, LossTotals>;
}

/** `[expert, place, jobs, lossUnits, excessUnits, wins]` */
export type StandingRow = readonly [NodeId, number, number, number, number, number];

const add = (a: LossTotals, b: LossTotals): LossTotals => ({
  jobs: a.jobs + b.jobs,
  lossUnits: a.lossUnits + b.lossUnits,
  excessUnits: a.excessUnits + b.excessUnits,
  wins: a.wins + b.wins,
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
    for (const { node, place, lossUnits, excessUnits, won } of losses) {
      const row = rows.get(node) ?? { global: noLosses, places: new Map<number, LossTotals>() };
      const one: LossTotals = { jobs: 1, lossUnits, excessUnits, wins: won ? 1 : 0 };
      rows.set(node, {
        global: add(row.global, one),
        places: new Map(row.places).set(place, add(row.places.get(place) ?? noLosses, one)),
      });
    }
    return new Standings(rows);
  }

  of(expert: NodeId, place: number): { readonly global: LossTotals; readonly place: LossTotals } {
    const row = this.#rows.get(expert);
    return { global: row?.global ?? noLosses, place: row?.places.get(place) ?? noLosses };
  }

  /** Plain rows, for a snapshot on disk. */
  toRows(): StandingRow[] {
    return [...this.#rows].flatMap(([node, { places }]) =>
      [...places].map(
        ([place, { jobs, lossUnits, excessUnits, wins }]): StandingRow => [
          node,
          place,
          jobs,
          lossUnits,
          excessUnits,
          wins,
        ],
      ),
    );
  }

  static fromRows(rows: readonly StandingRow[]): Standings {
    const table = new Map<NodeId, { global: LossTotals; places: Map<number, LossTotals> }>();
    for (const [node, place, jobs, lossUnits, excessUnits, wins] of rows) {
      const row = table.get(node) ?? { global: noLosses, places: new Map<number, LossTotals>() };
      const here: LossTotals = { jobs, lossUnits, excessUnits, wins };
      row.global = add(row.global, here);
      row.places.set(place, here);
      table.set(node, row);
    }
    return new Standings(table);
  }
}

/**
 * Expected excess of an expert at a place: its mean there, shrunk to its global mean, shrunk to 0, as good as the
 * others. Negative is better than them.
 */
export function placeExcess(
  standing: Standing,
  parameters: Omit<StandingParameters, 'historyWeight'>,
): Fraction {
  const global = shrink(
    fraction(0, 1),
    BigInt(parameters.globalShrinkage),
    fraction(standing.global.excessUnits, lossUnitsPerDatum),
    BigInt(standing.global.jobs),
  );
  return shrink(
    global,
    BigInt(parameters.placeShrinkage),
    fraction(standing.place.excessUnits, lossUnitsPerDatum),
    BigInt(standing.place.jobs),
  );
}

/**
 * `(k₀·E_place + jobLoss) / (k₀ + 1)`: what decides the winner (docs/concepts/loss.md). All members of a job had
 * the same text, so its absolute loss compares them as its excess would.
 */
export function shrunkenLoss(
  jobLoss: Fraction,
  standing: Standing,
  parameters: StandingParameters,
): Fraction {
  return shrink(placeExcess(standing, parameters), BigInt(parameters.historyWeight), jobLoss, 1n);
}
