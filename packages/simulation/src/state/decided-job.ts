import type { Amount } from '@market-of-experts/core';
import type { CertifiedMember, FeeSplit, SealedJob } from '@market-of-experts/protocol';
import type { Occasion } from '../beliefs/beliefs.ts';
import type { SimulatedExpert } from '../population/expert.ts';

/** One job's datum: when and where it comes, and how hard it is. */
export interface Datum extends Occasion {
  /** Factor of everybody's mean loss; its own mean is 1. */
  readonly difficulty: number;
}

/** A seat of the job and who works for it. What it said in time is in the job itself. */
export interface Seat {
  readonly principal: SimulatedExpert;
  readonly onProbation: boolean;
  /** Who works for it: itself, a friend that granted its claim, or nobody yet. */
  worker: SimulatedExpert | undefined;
  workerBps: number;
  /** Friends asked so far, the one that granted among them. */
  claims: number;
}

export interface SealedOutcome {
  readonly seats: readonly Seat[];
  /** What was said before the cut. */
  readonly job: SealedJob;
  readonly cutAtMs: number;
  /** Who was called and worked, by whom. */
  readonly held: ReadonlyMap<SimulatedExpert, SimulatedExpert>;
  readonly refusals: number;
}

/** Whether a seat's commit came before the cut. */
export function hasCommitted({ job }: Pick<SealedOutcome, 'job'>, { principal }: Seat): boolean {
  return job.commits.some(({ body }) => body.principal === principal.node);
}

export function hasDeclined({ job }: Pick<SealedOutcome, 'job'>, { principal }: Seat): boolean {
  return job.declines.some(({ body }) => body.principal === principal.node);
}

/** A job as it was decided: the simulated counterpart of a certificate. */
export interface DecidedJob {
  readonly datum: Datum;
  readonly sealed: SealedOutcome;
  /** In the order of the seats; empty when too few answered and nothing was charged. */
  readonly members: readonly CertifiedMember[];
  readonly winner: Seat | undefined;
  /** Paid by the client; undefined when nobody won. */
  readonly split: (FeeSplit & { readonly feeMicro: Amount }) | undefined;
  readonly slashes: readonly { readonly expert: SimulatedExpert; readonly amountMicro: Amount }[];
}
