/** Runs jobs of the real roles (coordinator, experts, witnesses, every signature) in virtual time. */
import { type NodeId, sha256, signBody, systemRandom } from '@market-of-experts/core';
import {
  jobIdOf,
  type MarketParameters,
  orderDomain,
  saltedDataHash,
  ticketValidators,
} from '@market-of-experts/protocol';
import { runShardJob, type ShardOutcome } from '@market-of-experts/roles/coordinator/shard-job';
import { type FixedMarket, fixedMarket } from '@market-of-experts/testing/fixed-market';
import { positionsOf } from '@market-of-experts/testing/reserve-texts';
import { type VirtualClock, virtualClock } from '@market-of-experts/testing/virtual-clock';
import {
  computeMs,
  medianComputeMs,
  type NetworkConditions,
  networks,
  type Weather,
  weatherOf,
} from './conditions.ts';
import { type Conduct, type ConductName, conductOf } from './coordinators.ts';
import { uniformFrom } from './random.ts';
import { studyEncode, studyParameters, studyReserve, studyText } from './study-market.ts';

const expertCount = 12;
/** The expert that is slowed down, or that a coordinator is after: in the middle of the field. */
const chosenExpert = 6;
const witnessCount = 3;
/** Until the last message of a job has arrived, however late, the next one does not start. */
const quietMs = 20_000;
/** More than a job and its quiet take. */
const jobMs = 120_000;

export interface CellInit {
  readonly network: NetworkConditions['name'];
  /** Instead of the network's own. */
  readonly spikeRate?: number;
  readonly parameters?: Partial<MarketParameters>;
  readonly jobs: number;
  readonly seed: number;
  /** The chosen expert takes so many times as long. */
  readonly slowness?: number;
  /** One witness neither hears nor is heard. */
  readonly isWitnessCut?: boolean;
  /** Between two nodes no message overtakes another, as over one TCP connection: what follows a lost one waits. */
  readonly isInOrder?: boolean;
  readonly conduct?: ConductName;
  readonly onJob?: () => void;
}

export interface JobObservation {
  /** Undefined when the job ended without a certificate: nothing was charged, nobody slashed. */
  readonly outcome: ShardOutcome | undefined;
  readonly durationMs: number;
  /** Seats to which a message of the coordinator had a spike in this job. */
  readonly askedLate: ReadonlySet<NodeId>;
}

export interface CellObservation {
  readonly parameters: MarketParameters;
  readonly chosen: NodeId;
  readonly jobs: readonly JobObservation[];
}

export async function runCell(init: CellInit): Promise<CellObservation> {
  const parameters: MarketParameters = { ...studyParameters, ...init.parameters };
  const clock = virtualClock();
  const conditions = networks.find(({ name }) => name === init.network)!;
  const weather = weatherOf({ ...conditions, spikeRate: init.spikeRate ?? conditions.spikeRate }, init.seed);
  const times = { job: 0 };
  const market = fixedMarket({
    parameters,
    experts: expertCount,
    validators: witnessCount,
    ticketDepth: Math.max(6, Math.ceil(Math.log2(3 * init.jobs + 8))),
    name: 'late',
    clock,
    encode: (index) => studyEncode(parameters.dimensions, index),
    backend: (index, encode) => {
      const slowness = index === chosenExpert ? (init.slowness ?? 1) : 1;
      const medianMs = slowness * medianComputeMs(index, expertCount);
      return {
        name: `expert-${index}`,
        dimensions: parameters.dimensions,
        embed: async (texts, options) => {
          const halves = (2 * texts.reduce((sum, { length }) => sum + length, 0)) / studyText.length;
          const uniform = uniformFrom(init.seed, 3, times.job, index, texts.length);
          await clock.sleep(computeMs(uniform, medianMs, halves), options?.signal);
          return texts.map(encode);
        },
        close: async () => undefined,
      };
    },
  });
  const indexOf = indexNodes(market);
  const travelMs = (from: NodeId, to: NodeId): number => weather.delayMs(indexOf(from), indexOf(to));
  market.network.inject.latency(init.isInOrder === true ? inOrder(clock, travelMs) : travelMs);
  const cutWitness = market.validators[witnessCount - 1]!.node;
  if (init.isWitnessCut) market.network.inject.partition([[cutWitness]]);
  const chosen = market.experts[chosenExpert]!.node;
  const conduct = conductOf(
    init.conduct ?? 'honest',
    chosen,
    market.validators.map(({ node }) => node),
  );
  const jobs: JobObservation[] = [];
  const beganMs = clock.nowMs();
  for (let job = 0; job < init.jobs; job += 1) {
    times.job = job;
    weather.startJob(job);
    // A cut-off validator on ticket duty would end the job before its first stage: the study is about the others.
    const avoid = init.isWitnessCut ? cutWitness : undefined;
    jobs.push(
      await runJob(market, clock, weather, {
        seed: init.seed,
        job,
        avoid,
        conduct,
        deadlineMs: beganMs + job * jobMs + jobMs / 2,
      }),
    );
    // Each job begins at a time that is known before: its order, and so its draw, follow from the seed.
    await clock.sleep(Math.max(quietMs, beganMs + (job + 1) * jobMs - clock.nowMs()));
    init.onJob?.();
  }
  await market.close();
  return { parameters, chosen, jobs };
}

/** The same delays, but nothing arrives before what was sent before it. */
function inOrder(clock: VirtualClock, travelMs: (from: NodeId, to: NodeId) => number) {
  const lastArrivalMs = new Map<string, number>();
  return (from: NodeId, to: NodeId): number => {
    const nowMs = clock.nowMs();
    const link = `${from} ${to}`;
    const arrivalMs = Math.max(nowMs + travelMs(from, to), lastArrivalMs.get(link) ?? 0);
    lastArrivalMs.set(link, arrivalMs);
    return arrivalMs - nowMs;
  };
}

interface JobInit {
  readonly seed: number;
  readonly job: number;
  readonly avoid: NodeId | undefined;
  readonly conduct: Conduct;
  readonly deadlineMs: number;
}

async function runJob(
  market: FixedMarket,
  clock: VirtualClock,
  weather: Weather,
  init: JobInit,
): Promise<JobObservation> {
  const { order, salt } = orderFor(market, init);
  const { keys, transport } = market.coordinator;
  const startMs = clock.nowMs();
  let outcome: ShardOutcome | undefined;
  try {
    outcome = await runShardJob(
      {
        keys,
        clock,
        random: systemRandom,
        view: market.view,
        positionsOf: positionsOf(market.roster.parameters),
        transport: init.conduct(transport, clock, jobIdOf([order.body])),
      },
      {
        orders: [order],
        data: [{ text: studyText, salt }],
        takeReserve: () => studyReserve,
        roster: market.roster,
        rosterHash: market.rosterHash,
        signal: new AbortController().signal,
      },
    );
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'no-quorum')) throw error;
  }
  const indexOf = indexNodes(market);
  const coordinator = indexOf(market.coordinator.node);
  return {
    outcome,
    durationMs: clock.nowMs() - startMs,
    askedLate: new Set(
      market.experts.map(({ node }) => node).filter((node) => weather.hadSpike(coordinator, indexOf(node))),
    ),
  };
}

/** The market's own order, with a salt that follows from the seed, so that the draw does too. */
function orderFor(market: FixedMarket, { seed, job, avoid, deadlineMs }: JobInit) {
  for (let attempt = 0; ; attempt += 1) {
    const salt = sha256(Buffer.from(`late/${seed}/${job}/${attempt}`)).slice(0, 16);
    const { order } = market.order({
      text: studyText,
      clientSeq: job,
      order: { dataHash: saltedDataHash(studyText, salt), deadlineMs },
    });
    const signed = signBody(market.client, orderDomain, order.body);
    const duty = ticketValidators(market.roster, jobIdOf([signed.body]));
    if (avoid === undefined || !duty.includes(avoid)) return { order: signed, salt };
  }
}

/** Experts, then validators, then the coordinator. */
function indexNodes(market: FixedMarket): (node: NodeId) => number {
  const nodes = [
    ...market.experts.map(({ node }) => node),
    ...market.validators.map(({ node }) => node),
    market.coordinator.node,
  ];
  const places = new Map(nodes.map((node, index) => [node, index] as const));
  return (node) => places.get(node)!;
}
