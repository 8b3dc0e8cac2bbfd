import {
  type Hash,
  hashOf,
  type JobId,
  type KeyPair,
  keyPairFromSeed,
  type MarketId,
  type NodeId,
  type OwnerKey,
  ownerKeyFromPrivate,
  sha256,
  signBody,
} from '@market-of-experts/core';
import { drawShard, jobSeed, type Roster, rosterHash, ticketValidators } from '../../src/draw/shard.ts';
import { releaseTicket, type Ticket, ticketList } from '../../src/draw/tickets.ts';
import type { CertifyContext } from '../../src/job/certify.ts';
import {
  type ClaimBody,
  claimDomain,
  type Grant,
  type GrantBody,
  grantDomain,
} from '../../src/job/claims.ts';
import {
  type ArrivalBody,
  type ArrivalRecord,
  arrivalDomain,
  type Commit,
  commitDomain,
  cutDomain,
  type Decline,
  declineDomain,
  type Order,
  type OrderBody,
  orderDomain,
  type Reveal,
  type RevealBody,
  saltedDataHash,
  sealOf,
  signReveal,
  type Transcript,
} from '../../src/job/messages.ts';
import { jobIdOf } from '../../src/job/orders.ts';
import { listsOf, type OpenedQuestion } from '../../src/job/question.ts';
import { embeddedParameters, type MarketParameters } from '../../src/parameters/market-parameters.ts';
import { drawStream } from '../../src/random/stream.ts';
import { embeddingTask } from '../../src/tasks/embedding/exam/embedding-task.ts';
import { int16Bytes, quantise } from '../../src/tasks/embedding/vector.ts';
import type { Answer } from '../../src/tasks/task.ts';

/** A job's cast and what each of them would honestly say, for tests of the rules alone. */
const fixtureParameters: MarketParameters = {
  ...embeddedParameters,
  dimensions: 16,
  shardSize: 5,
  witnesses: 3,
  ticketValidators: 2,
  probationSeats: 1,
  places: 2,
};
const pieceCount = 2;

const secretOf = (role: string): Uint8Array => sha256(Buffer.from(`job-fixture/${role}`));
export const keysOf = (role: string): KeyPair => keyPairFromSeed(secretOf(role));
export const ownerOf = (role: string): OwnerKey => ownerKeyFromPrivate(secretOf(role));
const nodeOf = (role: string): NodeId => keysOf(role).publicKey as NodeId;
export const keysOfNode = new Map<NodeId, KeyPair>();
const validators = ['v0', 'v1', 'v2', 'v3'].map((role) => ({
  keys: keysOf(role),
  node: nodeOf(role),
  list: ticketList(hashOf('job-fixture', role), 6),
}));

export const roster: Roster = {
  network: 'test-net',
  market: 'text-embedding' as MarketId,
  marketOwner: ownerOf('market-owner').address,
  beacon: hashOf('job-fixture', 'beacon'),
  batch: 3,
  parameters: fixtureParameters,
  placesHash: hashOf('job-fixture', 'places'),
  experts: Array.from({ length: 9 }, (_, index) => {
    const keys = keysOf(`expert-${index}`);
    keysOfNode.set(keys.publicKey as NodeId, keys);
    return {
      node: keys.publicKey as NodeId,
      owner: ownerOf(`owner-${index}`).address,
      askMicroPerKilobyte: 10_000n,
      askBps: 5_000,
      stakeMicro: 1_000_000n,
      faultyEpochs: 0,
      onProbation: index >= 7,
    };
  }),
  validators: validators.map(({ node, list }) => ({ node, stakeMicro: 100n, ticketRoot: list.root })),
};

/** A random unit vector near that of `topic`; `noise` says how near. */
function vectorOf(topic: string, by: string, noise: number): Float32Array {
  const own = drawStream(`${topic}/${by}`, 'vector');
  const common = drawStream(topic, 'vector');
  const values = Array.from(
    { length: fixtureParameters.dimensions },
    () => common.below(2_001) - 1_000 + noise * (own.below(2_001) - 1_000),
  );
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / length);
}

/** Pieces that are near the kept part, and as many others that are as near to something else. */
function vectorsAbout(name: string, node: NodeId): Answer {
  const pieces = (topic: string): Uint8Array[] =>
    Array.from({ length: pieceCount }, (_, piece) =>
      int16Bytes(quantise(vectorOf(topic, `${node}/${piece}`, 1.5))),
    );
  return {
    first: [int16Bytes(quantise(vectorOf(`${name}/kept`, node, 0.4)))],
    second: [...pieces(`${name}/kept`), ...pieces(`${name}/other`)],
  };
}

/** A question about one datum whose second list has so many entries, its two pieces first. */
function questionNamed(name: string, entries: number): OpenedQuestion {
  const second = Array.from({ length: entries }, (_, entry) =>
    hashOf('job-fixture/entry', `${name}/${entry}`),
  );
  return {
    first: [hashOf('job-fixture/entry', name)],
    second,
    assignment: [
      {
        first: 0,
        second: [...second.keys()].slice(0, pieceCount),
        wrong: [...second.keys()].slice(pieceCount),
      },
    ],
    positions: [new Uint8Array(fixtureParameters.dimensions).fill(9)],
    salt: new Uint8Array(16),
  };
}

export const context: CertifyContext = {
  task: embeddingTask({ placeOf: (sum) => (sum[0]! > 0 ? 1 : 0) }),
  standing: (node, place) => ({
    global: { jobs: 1 + (Number.parseInt(node.slice(0, 2), 16) % 5), excessUnits: -9 },
    place: { jobs: place, excessUnits: place },
  }),
};

/** One job; each `name` is a different one. */
export interface FixtureJob {
  readonly id: JobId;
  readonly order: Order;
  readonly tickets: readonly Ticket[];
  /** Everyone asked, paid members first. */
  readonly seats: readonly NodeId[];
  readonly members: readonly NodeId[];
  readonly witnesses: readonly NodeId[];
  commit(node: NodeId): Commit;
  decline(node: NodeId): Decline;
  /** What its friend grants a principal, for 40 % of the fee. */
  grant(principal: NodeId, changes?: Partial<GrantBody>, claim?: Partial<ClaimBody>): Grant;
  fullCommit(node: NodeId): Commit;
  reveal(node: NodeId, lie?: Partial<RevealBody>): Reveal;
  arrival(witness: NodeId, body: Pick<ArrivalBody, 'stage' | 'principals'>): ArrivalRecord;
  /** What everybody said, if `present` says who took part in each stage. */
  transcript(present?: Partial<Presence>): Transcript;
}
interface Presence {
  readonly commits: readonly NodeId[];
  readonly declines: readonly NodeId[];
  readonly fullCommits: readonly NodeId[];
  readonly reveals: readonly NodeId[];
  readonly arrivals: readonly ArrivalRecord[];
}

export function fixtureJob(
  name: string,
  changes: Partial<OrderBody> = {},
  /** Who works for a principal, where it has called a friend. */
  friends: ReadonlyMap<NodeId, NodeId> = new Map(),
  /** What a node answers; default vectors. */
  answers: (node: NodeId) => Answer = (node) => vectorsAbout(name, node),
): FixtureJob {
  const client = ownerOf('client');
  const coordinator = keysOf('coordinator');
  const salt = sha256(Buffer.from(name)).subarray(0, 16);
  const order = signBody<OrderBody>(client, orderDomain, {
    network: roster.network,
    market: roster.market,
    client: client.address,
    clientSeq: 0,
    coordinator: coordinator.publicKey as NodeId,
    dataHash: saltedDataHash(name, salt),
    bytes: 1_024,
    maxFeeMicro: 1_000_000n,
    tipMicro: 0n,
    deadlineMs: 1,
    ...changes,
  });
  const id = jobIdOf([order.body]);
  const tickets = ticketValidators(roster, id).map((node) => {
    const { keys, list } = validators.find((validator) => validator.node === node)!;
    return releaseTicket(keys, list, 0, id);
  });
  const draw = drawShard(roster, jobSeed(roster.beacon, id, tickets));
  const seats = [...draw.members, ...draw.newcomers];
  const question = questionNamed(name, answers(draw.members[0]!).second.length);
  const lists = listsOf(question);
  const authorOf = (principal: NodeId) => ({
    job: id,
    principal,
    worker: friends.get(principal) ?? principal,
  });
  const answerOf = (node: NodeId) => ({
    ...answers(node),
    firstSalt: sha256(Buffer.from(`${name}/${node}/kept`)).subarray(0, 16),
    secondSalt: sha256(Buffer.from(`${name}/${node}/full`)).subarray(0, 16),
  });
  const commitOf = (node: NodeId, stage: 'sealed' | 'full', seal: Hash): Commit =>
    signBody(keysOfNode.get(authorOf(node).worker)!, commitDomain, {
      ...authorOf(node),
      stage,
      list: stage === 'sealed' ? lists.first : lists.second,
      seal,
    });
  const job: Omit<FixtureJob, 'transcript'> = {
    id,
    order,
    tickets,
    seats,
    members: draw.members,
    witnesses: draw.witnesses,
    commit: (node) => {
      const { first, firstSalt } = answerOf(authorOf(node).worker);
      return commitOf(node, 'sealed', sealOf(authorOf(node), lists.first, first, firstSalt));
    },
    grant: (principal, changes = {}, claimed = {}) => {
      const { worker } = authorOf(principal);
      const claim = signBody(keysOfNode.get(claimed.principal ?? principal)!, claimDomain, {
        job: id,
        principal,
        worker,
        index: 0,
        maxAskBps: 4_000,
        issuedMs: 1_000,
        ttlMs: 500,
        ...claimed,
      });
      const body = { claim, askBps: 4_000, issuedMs: 2_000, expiresMs: 2_500, ...changes };
      return signBody(keysOfNode.get(worker)!, grantDomain, body);
    },
    decline: (node) =>
      signBody(keysOfNode.get(node)!, declineDomain, { job: id, principal: node, reason: 'busy' }),
    fullCommit: (node) => {
      const { second, secondSalt } = answerOf(authorOf(node).worker);
      return commitOf(node, 'full', sealOf(authorOf(node), lists.second, second, secondSalt));
    },
    reveal: (node, lie) =>
      signReveal(keysOfNode.get(authorOf(node).worker)!, {
        ...authorOf(node),
        ...answerOf(authorOf(node).worker),
        ...lie,
      }),
    arrival: (witness, body) =>
      signBody(validators.find(({ node }) => node === witness)!.keys, arrivalDomain, { job: id, ...body }),
  };
  return {
    ...job,
    transcript: ({
      declines = [],
      commits = seats.filter((node) => !declines.includes(node)),
      fullCommits = commits,
      reveals = fullCommits,
      arrivals = [],
    } = {}) => {
      const committed = commits.map(job.commit);
      return {
        orders: [order],
        roster: rosterHash(roster),
        tickets,
        question,
        commits: committed,
        grants: commits.filter((node) => friends.has(node)).map((node) => job.grant(node)),
        declines: declines.map(job.decline),
        cut: signBody(coordinator, cutDomain, { job: id, seals: committed.map(({ body }) => body.seal) }),
        fullCommits: fullCommits.map(job.fullCommit),
        reveals: reveals.map((node) => job.reveal(node)),
        arrivals: [...arrivals],
      };
    },
  };
}
