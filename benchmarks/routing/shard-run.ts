import { type Delivery, deliveryWeights, drawDistinct, drawStream, embeddedParameters } from '@moe/protocol';
import type { Encoder } from '../scoring/encoders.ts';
import type { EvaluationJob } from '../scoring/evaluation-set.ts';
import { phaseMarket } from '../scoring/phase-market.ts';
import type { RoutedExpert } from './expert-vectors.ts';
import type { TextSet } from './text-set.ts';
import type { Mix } from './yardstick.ts';

/** What a market delivered for each job that was measured, by delivery mode; undefined where nobody was scored. */
export interface DeliveryRun {
  mixOf(job: EvaluationJob, delivery: Delivery): Mix | undefined;
  /** Mean number of texts that all experts together encoded for a job. */
  readonly encodesPerJob: number;
}

/** 2 to this many jobs of one market. */
const ticketDepth = 14;

/**
 * Random shards without friends, through the protocol's own phases: for each fold, a market that learns from
 * nothing on the texts of the other fold is measured on this one's. It goes on learning while it is measured.
 */
export function runShards(
  set: TextSet,
  experts: readonly RoutedExpert[],
  vectors: readonly (readonly Float32Array[])[],
  onJob: () => void,
): DeliveryRun {
  const encoders = experts.map(
    ({ name }, index): Encoder => ({ name, group: 'catalogue', note: '', vectors: vectors[index]! }),
  );
  const places = new Map(experts.map(({ name }, index) => [name, index]));
  const parameters = { ...embeddedParameters };
  const mixes = new Map<EvaluationJob, Readonly<Record<Delivery, Mix>>>();
  let encodes = 0;
  let measured = 0;
  for (const fold of [0, 1] as const) {
    const market = phaseMarket({ set, encoders, parameters, seed: `routing/${fold}`, ticketDepth });
    const history = set.routed.filter((text) => text.fold !== fold).flatMap(({ cuts }) => cuts);
    for (const index of drawDistinct(
      drawStream(`routing/${fold}`, 'order'),
      history.length,
      history.length,
    )) {
      market.run(history[index]!);
      onJob();
    }
    const jobs = set.routed
      .filter((text) => text.fold === fold)
      .flatMap(({ cuts, start, rest }) => [cuts[0]!, start, rest]);
    for (const index of drawDistinct(drawStream(`routing/${fold}`, 'measured'), jobs.length, jobs.length)) {
      const job = jobs[index]!;
      const certificate = market.run(job);
      onJob();
      measured += 1;
      encodes += certificate.members.length * (2 + job.pieces.length);
      const mix = (delivery: Delivery): Mix => {
        const weights = deliveryWeights(certificate, delivery, parameters);
        return new Map(
          certificate.members.flatMap(({ principal }, member) =>
            weights[member]! > 0 ? [[places.get(market.nameOf(principal))!, weights[member]!] as const] : [],
          ),
        );
      };
      mixes.set(job, {
        winner: mix('winner'),
        'expected-best': mix('expected-best'),
        ensemble: mix('ensemble'),
      });
    }
  }
  return {
    mixOf: (job, delivery) => {
      const mix = mixes.get(job)?.[delivery];
      return mix === undefined || mix.size === 0 ? undefined : mix;
    },
    encodesPerJob: encodes / measured,
  };
}

export function jobsOf(set: TextSet): number {
  return set.routed.reduce((sum, { cuts }) => sum + cuts.length + 3, 0);
}
