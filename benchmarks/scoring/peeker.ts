import { defaultParameters, int16Bytes, meanDirection } from '@market-of-experts/protocol';
import type { Encoder } from './encoders.ts';
import type { EvaluationSet } from './evaluation-set.ts';
import { type Liar, phaseMarket } from './phase-market.ts';

export interface PeekerOutcome {
  readonly behaviour: 'honest' | 'answers with b';
  /** Jobs for which it was drawn. */
  readonly jobs: number;
  readonly won: number;
  readonly wrongReveals: number;
  /** Mean loss of the jobs in which it was scored. */
  readonly loss: number | null;
  readonly slashedMicro: number;
}

const jobs = 200;

/**
 * The founder in the same jobs twice: honest, and revealing the mean of its hidden pieces instead of what it
 * sealed. That is all a peeker can try: its first seal is out before the hidden half is sent.
 */
export function runPeekers(set: EvaluationSet, encoders: readonly Encoder[]): PeekerOutcome[] {
  const members = encoders.filter(({ group, name }) => group === 'catalogue' || name === 'bag-of-words');
  const peek: Liar = (reveal, { pieces }) => ({ ...reveal, kept: int16Bytes(meanDirection(pieces)) });
  const step = Math.max(1, Math.floor(set.jobs.length / jobs));
  return (['honest', 'answers with b'] as const).map((behaviour) => {
    const market = phaseMarket({
      set,
      encoders: members,
      parameters: defaultParameters,
      seed: 'peeker',
      liars: behaviour === 'honest' ? new Map() : new Map([[members[0]!.name, peek]]),
    });
    const outcome = { jobs: 0, won: 0, wrongReveals: 0, slashedMicro: 0 };
    let lossSum = 0;
    let scored = 0;
    for (let index = 0; index < jobs && index * step < set.jobs.length; index += 1) {
      const certificate = market.run(set.jobs[index * step]!);
      const own = certificate.members.find(({ principal }) => market.nameOf(principal) === members[0]!.name);
      if (own === undefined) continue;
      outcome.jobs += 1;
      if (certificate.data[0]!.winner === own.principal) outcome.won += 1;
      if (own.outcome === 'wrong-reveal') outcome.wrongReveals += 1;
      outcome.slashedMicro += Number(own.slashMicro);
      const [loss] = own.losses;
      if (loss === undefined || loss === null) continue;
      lossSum += loss[0] / loss[1];
      scored += 1;
    }
    return { behaviour, ...outcome, loss: scored === 0 ? null : Number((lossSum / scored).toFixed(3)) };
  });
}
