import {
  type CertificateBody,
  type Delivery,
  deliveryWeights,
  drawDistinct,
  drawStream,
  type MarketParameters,
} from '@market-of-experts/protocol';
import type { DecisionPolicy } from '@market-of-experts/roles/calling/policy';
import type { Delivered } from './measure.ts';
import { type PlannedJob, planJobs, type RoutingMarket, routingMarket } from './routing-market.ts';
import type { TextSet } from './text-set.ts';
import type { VectorStore } from './vector-store.ts';
import type { Mix } from './yardstick.ts';

/** Jobs of a market in their order: first those it learns on, then those that are measured. */
export interface MarketPlan {
  readonly seed: string;
  readonly parameters: MarketParameters;
  readonly history: readonly PlannedJob[];
  readonly measured: readonly PlannedJob[];
  /** Which part of which measured text each measured job is for. */
  readonly parts: readonly Part[];
}
type Part = readonly [text: number, part: 'whole' | 'start' | 'rest'];

export interface MarketPlanInit {
  readonly set: TextSet;
  readonly parameters: MarketParameters;
  readonly seed: string;
  /** Jobs for every text of the history. */
  readonly rounds: number;
  /** What of the measured texts is a job. */
  readonly parts: readonly Part[1][];
}

/** The texts of the history in some order, again in another as often as there are rounds; then what is measured. */
export function planMarket({ set, parameters, seed, rounds, parts: wanted }: MarketPlanInit): MarketPlan {
  const history = Array.from({ length: rounds }, (_, round) =>
    shuffled(set.history, `${seed}/history/${round}`).map(({ whole }) => whole),
  ).flat();
  const parts = shuffled(
    set.measured.flatMap((_, text) => wanted.map((part): Part => [text, part])),
    `${seed}/measured`,
  );
  const jobs = planJobs(seed, parameters, [
    ...history,
    ...parts.map(([text, part]) => set.measured[text]![part]),
  ]);
  return {
    seed,
    parameters,
    history: jobs.slice(0, history.length),
    measured: jobs.slice(history.length),
    parts,
  };
}

/** Everything that is encoded when the plan is run and measured. */
export function textsOf(set: TextSet, plan: MarketPlan): string[] {
  return [
    ...set.calibration.map(({ text }) => text),
    ...[...plan.history, ...plan.measured].flatMap(({ encodes }) => encodes),
    ...set.measured.flatMap(({ whole, start, rest, again }) => [
      whole,
      start,
      rest,
      again.kept,
      ...again.pieces,
    ]),
  ];
}

/** Market parameters that delivery alone could have otherwise: who wins and is paid stays as it was. */
export type DeliveryTuning = Partial<Pick<MarketParameters, 'ensembleTemperature' | 'deliveryHistoryWeight'>>;

export interface MarketRun {
  delivered(delivery: Delivery, tuning?: DeliveryTuning): Delivered;
  /** Mean number of texts that all experts together encode for a job. */
  readonly encodesPerJob: number;
  /** Share of the scored members that a friend worked for. */
  readonly calledShare: number;
  /** Share of the measured jobs that nobody won. */
  readonly unpaidShare: number;
}

export interface MarketRunInit {
  readonly set: TextSet;
  readonly store: VectorStore;
  /** Numbers of the experts that take part, one for each node; the first one's space has the places. */
  readonly experts: readonly number[];
  readonly plan: MarketPlan;
  readonly policy: DecisionPolicy;
  readonly onJob: () => void;
}

/** Runs the plan: the market starts from nothing, and goes on learning while it is measured. */
export async function runMarket(init: MarketRunInit): Promise<MarketRun> {
  const { set, store, plan, experts } = init;
  const market = routingMarket({
    seed: plan.seed,
    parameters: plan.parameters,
    experts: experts.map((expert, node) => ({
      name: `${node}/${store.experts[expert]!.name}`,
      vectorOf: (text) => store.vectorOf(expert, text),
    })),
    policy: init.policy,
    calibration: set.calibration.map(({ text }) => text),
    founder: (text) => store.vectorOf(experts[0]!, text),
  });
  try {
    for (const job of plan.history) {
      await market.run(job);
      init.onJob();
    }
    const certificates: CertificateBody[] = [];
    for (const job of plan.measured) {
      certificates.push(await market.run(job));
      init.onJob();
    }
    return summary(init, market, certificates);
  } finally {
    await market.close();
  }
}

function summary(
  { plan, experts }: MarketRunInit,
  market: RoutingMarket,
  certificates: readonly CertificateBody[],
): MarketRun {
  const places = new Map(plan.parts.map(([text, part], job) => [`${text}/${part}`, job]));
  const mixOf = (
    certificate: CertificateBody,
    delivery: Delivery,
    tuning: DeliveryTuning,
  ): Mix | undefined => {
    const weights = deliveryWeights(certificate, 0, delivery, { ...plan.parameters, ...tuning });
    const mix = new Map<number, number>();
    for (const [member, { worker }] of certificate.members.entries()) {
      const expert = experts[market.indexOf(worker)]!;
      if (weights[member]! > 0) mix.set(expert, (mix.get(expert) ?? 0) + weights[member]!);
    }
    return mix.size === 0 ? undefined : mix;
  };
  const scored = certificates.flatMap(({ members }) => members.filter(({ losses: [loss] }) => loss !== null));
  const called = scored.filter(({ worker, principal }) => worker !== principal).length;
  // Every worker encodes kept half, pieces and whole; who calls a friend has read the kept half before.
  const encodes = certificates.reduce(
    (sum, { members }, job) =>
      sum +
      members.reduce(
        (own, { worker, principal }) =>
          own + plan.measured[job]!.encodes.length + (worker === principal ? 0 : 1),
        0,
      ),
    0,
  );
  return {
    delivered:
      (delivery, tuning = {}) =>
      (text, part) =>
        mixOf(certificates[places.get(`${text}/${part}`)!]!, delivery, tuning),
    encodesPerJob: encodes / certificates.length,
    calledShare: called / scored.length,
    unpaidShare: certificates.filter(({ data }) => data[0]!.winner === null).length / certificates.length,
  };
}

function shuffled<T>(items: readonly T[], seed: string): T[] {
  return [...drawDistinct(drawStream(seed, 'order'), items.length, items.length)].map(
    (index) => items[index]!,
  );
}
