import type { Hash, NodeId } from '@market-of-experts/core';
import type { Estimate } from '@market-of-experts/history';
import { type History, memoryHistory, posterior } from '@market-of-experts/history';
import type { CertifiedOutcome, Occasion, PublicBeliefs } from './beliefs.ts';
import { PlaceBeliefs, type PlaceBeliefsInit } from './place-beliefs.ts';

export interface HistoryBeliefsInit extends PlaceBeliefsInit {
  readonly dimensions: number;
  /** Most members that a job can have, newcomers among them. */
  readonly seats: number;
  readonly nodes: readonly NodeId[];
  readonly jobsPerSecond: number;
}

/**
 * Distance (1 − cosine) at which a record counts 1/e. In a space of few dimensions everything is near: this is the
 * size of a hotspot.
 */
const bandwidth = 0.04;

/** What the node's own history says of the nearest certified jobs; the short list comes from the table of places. */
export class HistoryBeliefs implements PublicBeliefs {
  readonly #init: HistoryBeliefsInit;
  readonly #history: History;
  readonly #places: PlaceBeliefs;
  readonly #halfLifeMs: number;

  constructor(init: HistoryBeliefsInit) {
    this.#init = init;
    this.#places = new PlaceBeliefs(init);
    this.#halfLifeMs = (1_000 * init.halfLifeJobs) / init.jobsPerSecond;
    this.#history = memoryHistory({
      unitsPerJob: init.unitsPerJob,
      dimensions: init.dimensions,
      outcomesPerRecord: init.seats,
    });
  }

  excessOf({ point, atMs }: Occasion, experts: readonly number[]): readonly Estimate[] {
    const workers = experts.map((expert) => this.#init.nodes[expert]!);
    return posterior(this.#history, Float32Array.from(point), workers, {
      nowMs: atMs,
      halfLifeMs: this.#halfLifeMs,
      bandwidth,
    }).map(({ excess }) => excess);
  }

  bestAt(place: number): readonly number[] {
    return this.#places.bestAt(place);
  }

  observe(occasion: Occasion, outcomes: readonly CertifiedOutcome[]): void {
    this.#places.observe(occasion, outcomes);
    const { nodes } = this.#init;
    const winner = outcomes.find(({ won }) => won);
    this.#history.append({
      order: occasion.job.toString(16).padStart(64, '0') as Hash,
      atMs: Math.round(occasion.atMs),
      place: occasion.place,
      vector: Int8Array.from(occasion.point, (value) => Math.round(127 * value)),
      feeMicro: 0n,
      winner: winner === undefined ? null : nodes[winner.principal]!,
      outcomes: outcomes.map(({ expert, principal, lossUnits, excessUnits, won }) => ({
        principal: nodes[principal]!,
        worker: nodes[expert]!,
        lossUnits,
        excessUnits,
        won,
        latencyMs: 0,
      })),
    });
  }

  settled(job: number): void {
    this.#places.settled(job);
  }
}
