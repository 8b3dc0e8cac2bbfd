import type { SimulatedExpert } from '../population/expert.ts';
import type { DecidedJob } from './decided-job.ts';

/** Whole micro-credits of everybody, by expert index. Credits are moved, never made. */
export class Accounts {
  /** As the winner that worked itself. */
  readonly ownMicro: Float64Array;
  /** As the principal of a friend that won. */
  readonly principalMicro: Float64Array;
  /** As a friend that was called and won. */
  readonly calledMicro: Float64Array;
  readonly slashedMicro: Float64Array;
  readonly costMicro: Float64Array;
  clientsPaidMicro = 0;
  marketMicro = 0;
  poolMicro = 0;

  constructor(experts: number) {
    this.ownMicro = new Float64Array(experts);
    this.principalMicro = new Float64Array(experts);
    this.calledMicro = new Float64Array(experts);
    this.slashedMicro = new Float64Array(experts);
    this.costMicro = new Float64Array(experts);
  }

  /** Books a job: fee, slashes (taken from stakes, to the pool), and what the work cost. */
  book({ winner, split, slashes, sealed }: DecidedJob): void {
    if (winner !== undefined && split !== undefined) {
      this.clientsPaidMicro += Number(split.feeMicro);
      this.marketMicro += Number(split.marketMicro);
      const worker = winner.worker!;
      if (worker === winner.principal) this.ownMicro[worker.index]! += Number(split.workerMicro);
      else {
        this.calledMicro[worker.index]! += Number(split.workerMicro);
        this.principalMicro[winner.principal.index]! += Number(split.principalMicro);
      }
    }
    for (const { expert, amountMicro } of slashes) {
      expert.stakeMicro -= amountMicro;
      this.slashedMicro[expert.index]! += Number(amountMicro);
      this.poolMicro += Number(amountMicro);
    }
    for (const { worker } of sealed.seats)
      if (worker !== undefined) this.costMicro[worker.index]! += worker.settings.costMicro;
  }

  earnedMicro({ index }: SimulatedExpert): number {
    return this.ownMicro[index]! + this.principalMicro[index]! + this.calledMicro[index]!;
  }

  netMicro(expert: SimulatedExpert): number {
    return this.earnedMicro(expert) - this.slashedMicro[expert.index]! - this.costMicro[expert.index]!;
  }
}
