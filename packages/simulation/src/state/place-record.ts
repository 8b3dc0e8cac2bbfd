import type { SimulatedExpert } from '../population/expert.ts';
import type { SpherePlaces } from '../space/places.ts';
import { squaredDistance } from '../space/sphere.ts';
import type { DecidedJob } from './decided-job.ts';

export interface PlaceResult {
  /** Jobs in the first and last quarter of the run, and experts that knew their way there at the end of each. */
  readonly demand: readonly [number, number];
  readonly competition: readonly [number, number];
}

/** Half of a specialist's advantage is left at this many widths from its centre: √(2 ln 2). */
const halfWidth = 1.1774;
/** What certificates of the last batches count for, one batch later. */
const fade = 0.98;

/** Demand and competition by place: what everybody can see in certificates, and where specialists stand. */
export class PlaceRecord {
  /** Jobs, faded, by place. */
  readonly recentJobs: Float64Array;
  /** Sum of the winners' losses in them. */
  readonly recentWinnerLoss: Float64Array;
  /** Sum of all paid members' losses, and how many there were. */
  readonly recentLoss: Float64Array;
  readonly recentLosses: Float64Array;
  /** Wins, faded, of a worker at a place: `expert × places + place`. */
  readonly recentWins: Float64Array;
  readonly #experts: readonly SimulatedExpert[];
  readonly #places: SpherePlaces;
  readonly #quarterJobs: number;
  readonly #quarters: { readonly demand: Float64Array; competition: number[] }[] = [];
  #window: Float64Array;
  #quarter: Float64Array;
  #jobs = 0;

  constructor(experts: readonly SimulatedExpert[], places: SpherePlaces, jobs: number) {
    const count = places.centres.length;
    this.#experts = experts;
    this.#places = places;
    this.#quarterJobs = Math.max(1, Math.floor(jobs / 4));
    this.#window = new Float64Array(count);
    this.#quarter = new Float64Array(count);
    this.recentJobs = new Float64Array(count);
    this.recentWinnerLoss = new Float64Array(count);
    this.recentLoss = new Float64Array(count);
    this.recentLosses = new Float64Array(count);
    this.recentWins = new Float64Array(count * experts.length);
  }

  take({ datum, sealed, members, winner }: DecidedJob): void {
    const { place } = datum;
    this.#jobs += 1;
    this.#window[place]! += 1;
    this.#quarter[place]! += 1;
    this.recentJobs[place]! += 1;
    for (const [index, seat] of sealed.seats.entries()) {
      const loss = members[index]?.losses[0];
      if (loss === null || loss === undefined || seat.onProbation) continue;
      this.recentLoss[place]! += loss[0] / loss[1];
      this.recentLosses[place]! += 1;
      if (seat !== winner) continue;
      this.recentWinnerLoss[place]! += loss[0] / loss[1];
      this.recentWins[seat.worker!.index * this.#places.centres.length + place]! += 1;
    }
    if (this.#jobs % this.#quarterJobs === 0) {
      this.#quarters.push({ demand: this.#quarter, competition: this.competition() });
      this.#quarter = new Float64Array(this.#places.centres.length);
    }
  }

  fade(): void {
    for (const values of [
      this.recentJobs,
      this.recentWinnerLoss,
      this.recentLoss,
      this.recentLosses,
      this.recentWins,
    ])
      for (let index = 0; index < values.length; index += 1) values[index]! *= fade;
  }

  /** Mean loss of those that were drawn at a place lately; undefined where nobody was. */
  meanLossAt(place: number): number | undefined {
    const count = this.recentLosses[place]!;
    return count < 1 ? undefined : this.recentLoss[place]! / count;
  }

  /** Specialists at each place that have at least half of their advantage there. */
  competition(): number[] {
    return this.#places.centres.map(
      (centre) =>
        this.#experts.filter(
          ({ skill }) =>
            skill.elsewhere > skill.best + 0.01 &&
            squaredDistance(skill.centre, centre) < (halfWidth * skill.width) ** 2,
        ).length,
    );
  }

  closeWindow(): { readonly demand: number[]; readonly competition: number[] } {
    const demand = [...this.#window];
    this.#window = new Float64Array(this.#places.centres.length);
    return { demand, competition: this.competition() };
  }

  result(): PlaceResult[] {
    const first = this.#quarters[0];
    const last = this.#quarters.at(-1);
    if (first === undefined || last === undefined) return [];
    return this.#places.centres.map((_, place) => ({
      demand: [first.demand[place]!, last.demand[place]!],
      competition: [first.competition[place]!, last.competition[place]!],
    }));
  }
}
