import {
  type CertificateBody,
  type CertifiedMember,
  compareFractions,
  drawDistinct,
  drawStream,
  expectedLoss,
  type Fraction,
  feeOf,
  type MarketParameters,
} from '@market-of-experts/protocol';
import type { Encoder } from './encoders.ts';
import type { EvaluationSet } from './evaluation-set.ts';
import { phaseMarket } from './phase-market.ts';

/** What an expert did and got in one run. */
export interface PayTally {
  readonly jobs: number;
  readonly won: number;
  readonly feeMicro: number;
}

export interface PayRun {
  /** One tally for each encoder, by the weight of history k₀. */
  readonly byHistoryWeight: ReadonlyMap<number, readonly PayTally[]>;
  /** Share of all fees that the given encoders have earned after each job, at the market's own k₀. */
  readonly junkShareAfter: readonly number[];
  readonly unpaidJobs: number;
}

export interface PayRunInit {
  readonly set: EvaluationSet;
  readonly encoders: readonly Encoder[];
  readonly parameters: MarketParameters;
  readonly jobs: number;
  readonly seed: string;
  readonly historyWeights: readonly number[];
  readonly junk: readonly string[];
  readonly newcomers?: readonly string[];
}

/**
 * `jobs` different paragraphs through `certifyJob`, standings growing from nothing. Losses and standings do not
 * depend on who wins, so the same certificates also tell who would have won with another k₀.
 */
export function runPay(init: PayRunInit): PayRun {
  const { set, encoders, parameters, jobs, seed, historyWeights, junk, newcomers = [] } = init;
  const market = phaseMarket({ set, encoders, parameters, seed, newcomers });
  const tallies = new Map(
    historyWeights.map((weight) => [weight, encoders.map(() => ({ jobs: 0, won: 0, feeMicro: 0 }))] as const),
  );
  const placeOf = new Map(encoders.map(({ name }, index) => [name, index]));
  const junkShareAfter: number[] = [];
  let paidMicro = 0;
  let junkMicro = 0;
  let unpaidJobs = 0;
  for (const index of drawDistinct(drawStream(seed, 'paragraphs'), set.jobs.length, jobs)) {
    const job = set.jobs[index]!;
    const certificate = market.run(job);
    const fee = Number(feeOf(Buffer.byteLength(set.texts[job.full]!), 1_000_000n, 0n));
    for (const [weight, rows] of tallies) {
      const winner = winnerAt(certificate, { ...parameters, historyWeight: weight });
      if (weight === parameters.historyWeight && winner !== certificate.winner)
        throw new Error('The benchmark and certifyJob do not agree on the winner.');
      for (const { principal, onProbation } of certificate.members) {
        if (onProbation) continue;
        const row = rows[placeOf.get(market.nameOf(principal))!]!;
        row.jobs += 1;
        if (principal !== winner) continue;
        row.won += 1;
        row.feeMicro += fee;
      }
    }
    if (certificate.winner === null) unpaidJobs += 1;
    else {
      paidMicro += fee;
      if (junk.includes(market.nameOf(certificate.winner))) junkMicro += fee;
    }
    junkShareAfter.push(paidMicro === 0 ? 0 : junkMicro / paidMicro);
  }
  return { byHistoryWeight: tallies, junkShareAfter, unpaidJobs };
}

/** The rule of `certifyJob`; its members stand in the order of their commits here, which decides ties. */
function winnerAt(
  certificate: CertificateBody,
  parameters: MarketParameters,
): CertifiedMember['principal'] | null {
  let best: { readonly principal: CertifiedMember['principal']; readonly loss: Fraction } | null = null;
  for (const member of certificate.members) {
    if (member.outcome !== 'scored' || member.onProbation) continue;
    const loss = expectedLoss(member, parameters);
    if (best === null || compareFractions(loss, best.loss) < 0) best = { principal: member.principal, loss };
  }
  return best?.principal ?? null;
}
