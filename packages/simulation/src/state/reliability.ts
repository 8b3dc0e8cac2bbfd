import type { SimulatedExpert } from '../population/expert.ts';

/** Answers after which an old one counts half, and what is believed of a stranger. */
const fade = 0.995;
const strangerWeight = 10;
const strangerFree = 0.9;
const strangerOnTime = 0.97;

/** How often an expert that was called was free, and was in time: seen by everybody in certificates. */
export class Reliability {
  readonly #asked: Float64Array;
  readonly #free: Float64Array;
  readonly #worked: Float64Array;
  readonly #inTime: Float64Array;

  constructor(experts: number) {
    this.#asked = new Float64Array(experts);
    this.#free = new Float64Array(experts);
    this.#worked = new Float64Array(experts);
    this.#inTime = new Float64Array(experts);
  }

  freeOf({ index }: SimulatedExpert): number {
    return (this.#free[index]! + strangerWeight * strangerFree) / (this.#asked[index]! + strangerWeight);
  }

  onTimeOf({ index }: SimulatedExpert): number {
    return (this.#inTime[index]! + strangerWeight * strangerOnTime) / (this.#worked[index]! + strangerWeight);
  }

  asked({ index }: SimulatedExpert, wasFree: boolean): void {
    this.#asked[index] = this.#asked[index]! * fade + 1;
    this.#free[index] = this.#free[index]! * fade + (wasFree ? 1 : 0);
  }

  worked({ index }: SimulatedExpert, inTime: boolean): void {
    this.#worked[index] = this.#worked[index]! * fade + 1;
    this.#inTime[index] = this.#inTime[index]! * fade + (inTime ? 1 : 0);
  }
}
