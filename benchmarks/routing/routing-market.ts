import {
  type Clock,
  hashOf,
  type KeyPair,
  keyPairFromSeed,
  MAX_AMOUNT,
  type MarketId,
  type NodeId,
  type OwnerKey,
  ownerKeyFromPrivate,
  type Random,
  sha256,
  signBody,
  systemClock,
  systemRandom,
} from '@market-of-experts/core';
import { fitPlaces, memoryHistory } from '@market-of-experts/history';
import { memoryGuard } from '@market-of-experts/ledger/guard';
import type { ExpertBackend } from '@market-of-experts/models';
import { createMemoryNetwork, type Transport } from '@market-of-experts/network';
import {
  type CertificateBody,
  certifiedLosses,
  embeddingTask,
  jobIdOf,
  jobSeed,
  lossUnitsPerJob,
  type MarketParameters,
  maskText,
  nearestPlace,
  type Order,
  orderDomain,
  quantise,
  type Roster,
  releaseTicket,
  rosterHash,
  Standings,
  saltedDataHash,
  ticketList,
} from '@market-of-experts/protocol';
import { historyBeliefs } from '@market-of-experts/roles/calling/history-beliefs';
import type { DecisionPolicy } from '@market-of-experts/roles/calling/policy';
import { runShardJob } from '@market-of-experts/roles/coordinator/shard-job';
import { expertRole } from '@market-of-experts/roles/expert/expert-role';
import { historyRecordOf } from '@market-of-experts/roles/job/certified-record';
import { guardedSigner } from '@market-of-experts/roles/signing/guarded-signer';
import { embeddingSkill } from '@market-of-experts/roles/tasks/embedding/embedding-skill';
import { ticketBook } from '@market-of-experts/roles/validator/ticket-book';
import { validatorRole } from '@market-of-experts/roles/validator/validator-role';
import type { MarketView } from '@market-of-experts/roles/view/market-view';

export interface RoutingMarketInit {
  /** Decides keys, tickets, salts and so all draws and masks. */
  readonly seed: string;
  readonly parameters: MarketParameters;
  readonly experts: readonly { readonly name: string; readonly vectorOf: (text: string) => Float32Array }[];
  readonly policy: DecisionPolicy;
  readonly calibration: readonly string[];
  /** Vectors of the calibration pieces by the market's founder: the places are fitted on them. */
  readonly founder: (text: string) => Float32Array;
}

/** A signed order for a text, and the texts that its job will have encoded. */
export interface PlannedJob {
  readonly text: string;
  readonly order: Order;
  readonly salt: Uint8Array;
  readonly encodes: readonly string[];
}

/** The roles of `@market-of-experts/roles` over a memory network. Jobs run one after the other, in the order of the plan. */
export interface RoutingMarket {
  run(job: PlannedJob): Promise<CertificateBody>;
  /** Place of an expert in the list that the market was made of. */
  indexOf(node: NodeId): number;
  close(): Promise<void>;
}

/** 2 to this many jobs of one market. */
const ticketDepth = 14;
/** Certificates that are settled together: standings change from one batch to the next. */
const batchJobs = 16;
const askBps = 5_000;
/** Each order has a minute of its own, so that its hash is known before it runs. */
const firstDeadlineMs = 1_700_000_000_000;
const jobMs = 60_000;
const market = 'text-embedding' as MarketId;
const beacon = hashOf('moe/bench-beacon/1', 'routing');
const neverAborted = new AbortController().signal;

const secretOf = (seed: string, role: string): Uint8Array => sha256(Buffer.from(`${seed}/${role}`));
const keysOf = (seed: string, role: string): KeyPair => keyPairFromSeed(secretOf(seed, role));
const ownerOf = (seed: string, role: string): OwnerKey => ownerKeyFromPrivate(secretOf(seed, role));
const ticketsOf = (seed: string) => hashOf('moe/bench-tickets/1', [seed]);

/** Orders for the texts, and what will be encoded for them: the seeds of jobs that run in this order are known. */
export function planJobs(seed: string, parameters: MarketParameters, texts: readonly string[]): PlannedJob[] {
  const client = ownerOf(seed, 'client');
  const validator = keysOf(seed, 'validator');
  const tickets = ticketList(ticketsOf(seed), ticketDepth);
  return texts.map((text, clientSeq) => {
    const salt = sha256(Buffer.from(`${seed}/salt/${clientSeq}`)).slice(0, 16);
    const order = signBody(client, orderDomain, {
      network: 'bench',
      market,
      client: client.address,
      clientSeq,
      coordinator: keysOf(seed, 'coordinator').publicKey as NodeId,
      dataHash: saltedDataHash(text, salt),
      bytes: Buffer.byteLength(text),
      maxFeeMicro: 1_000_000_000n,
      tipMicro: 0n,
      deadlineMs: firstDeadlineMs + clientSeq * jobMs,
    });
    const job = jobIdOf([order.body]);
    const seedOfJob = jobSeed(beacon, job, [releaseTicket(validator, tickets, clientSeq, job)]);
    const { kept, pieces } = maskText(text, seedOfJob, parameters)!;
    return { text, order, salt, encodes: [kept, ...pieces, text] };
  });
}

export function routingMarket(init: RoutingMarketInit): RoutingMarket {
  const { seed, parameters, calibration } = init;
  const experts = init.experts.map((expert) => {
    const keys = keysOf(seed, expert.name);
    // Each of somebody else: owners have one seat of a job.
    const owner = ownerOf(seed, `owner of ${expert.name}`).address;
    return { ...expert, keys, owner, node: keys.publicKey as NodeId };
  });
  const indices = new Map(experts.map(({ node }, index) => [node, index]));
  const published = experts.map(({ vectorOf }) => calibration.map((text) => quantise(vectorOf(text))));
  const places = fitPlaces(
    calibration.map((text) => quantise(init.founder(text))),
    parameters.places,
  );
  const validatorKeys = keysOf(seed, 'validator');
  const tickets = ticketBook(validatorKeys, ticketsOf(seed), ticketDepth);
  const rosterAt = (batch: number): Roster => ({
    network: 'bench',
    market,
    marketOwner: ownerOf(seed, 'owner').address,
    beacon,
    batch,
    parameters,
    placesHash: places.hash,
    calibrationHash: hashOf('moe/bench-calibration/1', calibration.length),
    experts: experts.map(({ node, owner }) => ({
      node,
      owner,
      askMicroPerKilobyte: 1_000_000n,
      askBps,
      stakeMicro: parameters.minimumStakeMicro,
      faultyEpochs: 0,
      onProbation: false,
      calibrationCount: calibration.length,
      calibrationRoot: hashOf('moe/bench-calibration/1', node),
    })),
    validators: [
      { node: validatorKeys.publicKey as NodeId, stakeMicro: 1_000_000n, ticketRoot: tickets.root },
    ],
  });

  let jobBeganMs = systemClock.nowMs();
  let jobSeq = 0;
  /** The machine's time within a job, the order's minute otherwise. */
  const clock: Clock = {
    ...systemClock,
    nowMs: () => firstDeadlineMs + (jobSeq - 1) * jobMs + systemClock.nowMs() - jobBeganMs,
  };
  let roster = rosterAt(0);
  let standings = Standings.empty;
  let unsettled: CertificateBody[] = [];
  const history = memoryHistory({
    unitsPerJob: lossUnitsPerJob(parameters),
    dimensions: parameters.dimensions,
  });
  const view: MarketView = {
    current: () => ({ roster, hash: rosterHash(roster) }),
    rosterOf: (hash) => (hash === rosterHash(roster) ? roster : undefined),
    standingsAt: (batch) => (batch === roster.batch ? standings : undefined),
    prepaid: () => ({
      gateway: keysOf(seed, 'coordinator').publicKey as NodeId,
      lockedMicro: MAX_AMOUNT,
      nextOrderSeq: jobSeq,
    }),
    task: embeddingTask({
      calibration: (node, index) => published[indices.get(node)!]![index]!,
      placeOf: (sum) => nearestPlace(places, sum),
    }),
    edition: () => undefined,
    payShares: () => undefined,
    leastPriceMillionths: () => 1_000_000,
    nextBatch: () => roster.batch,
    validators: () => [validatorKeys.publicKey as NodeId],
    isQuorum: (signers) => signers.length > 0,
    beliefs: historyBeliefs(history, clock),
  };
  const network = createMemoryNetwork();
  const transports: Transport[] = [];
  const connect = (node: NodeId): Transport => {
    const transport = network.connect(node);
    transports.push(transport);
    return transport;
  };
  const guard = memoryGuard(clock.nowMs);
  const signerOf = (keys: KeyPair) => guardedSigner(keys, guard, systemRandom);
  validatorRole({ signer: signerOf(validatorKeys) })({
    transport: connect(validatorKeys.publicKey as NodeId),
    view,
    clock,
    tickets: () => tickets,
  });
  for (const { name, vectorOf, keys, node } of experts)
    expertRole({ signer: signerOf(keys), policy: init.policy })({
      transport: connect(node),
      skill: embeddingSkill(backendOf(name, parameters.dimensions, vectorOf)),
      view,
      clock,
      random: seededRandom(`${seed}/${name}`),
    });
  const coordinator = keysOf(seed, 'coordinator');
  const transport = connect(coordinator.publicKey as NodeId);

  const settle = (): void => {
    standings = standings.with(unsettled.flatMap((body) => certifiedLosses(body, 0, parameters)));
    unsettled = [];
    roster = rosterAt(roster.batch + 1);
  };
  return {
    async run({ text, order, salt }) {
      jobBeganMs = systemClock.nowMs();
      jobSeq = order.body.clientSeq;
      const { certificate } = await runShardJob(
        { keys: coordinator, transport, clock, random: systemRandom, view },
        {
          orders: [order],
          data: [{ text, salt }],
          roster,
          rosterHash: rosterHash(roster),
          signal: neverAborted,
        },
      );
      const record = historyRecordOf(certificate.body, 0, parameters, clock.nowMs());
      if (record !== undefined) history.append(record);
      unsettled.push(certificate.body);
      if (unsettled.length === batchJobs) settle();
      return certificate.body;
    },
    indexOf: (node) => indices.get(node)!,
    close: async () => {
      for (const each of transports) await each.close();
    },
  };
}

function backendOf(
  name: string,
  dimensions: number,
  vectorOf: (text: string) => Float32Array,
): ExpertBackend {
  return {
    name,
    dimensions,
    embed: async (texts) => texts.map(vectorOf),
    close: async () => undefined,
  };
}

/** The same numbers at every run: hashes of a counter. */
function seededRandom(seed: string): Random {
  let count = 0;
  return {
    bytes(length) {
      count += 1;
      return sha256(Buffer.from(`${seed}/${count}`)).slice(0, length);
    },
  };
}
