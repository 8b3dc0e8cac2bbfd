import {
  type AccountId,
  type Clock,
  type Hash,
  type KeyPair,
  MAX_AMOUNT,
  type NodeId,
  type OwnerKey,
  signBody,
  systemClock,
  systemRandom,
} from '@market-of-experts/core';
import { memoryGuard, type SigningGuard } from '@market-of-experts/ledger/guard';
import type { ExpertBackend } from '@market-of-experts/models';
import { createMemoryNetwork, type MemoryNetwork, type Transport } from '@market-of-experts/network';
import {
  embeddingTask,
  inJobOrder,
  type MarketParameters,
  nearestPlace,
  type Order,
  type OrderBody,
  orderDomain,
  type Roster,
  rosterHash,
  type Standings,
  type Statement,
  saltedDataHash,
  type Task,
} from '@market-of-experts/protocol';
import { type DecisionPolicy, workAlways } from '@market-of-experts/roles/calling/policy';
import { runShardJob, type ShardOutcome } from '@market-of-experts/roles/coordinator/shard-job';
import { expertRole } from '@market-of-experts/roles/expert/expert-role';
import type { SaltedDatum } from '@market-of-experts/roles/job/asked-question';
import { type GuardedSigner, guardedSigner } from '@market-of-experts/roles/signing/guarded-signer';
import { embeddingSkill } from '@market-of-experts/roles/tasks/embedding/embedding-skill';
import type { TaskSkill } from '@market-of-experts/roles/tasks/task-skill';
import type { TicketBook } from '@market-of-experts/roles/validator/ticket-book';
import { validatorRole } from '@market-of-experts/roles/validator/validator-role';
import { fixedMarketView } from '@market-of-experts/roles/view/fixed-view';
import type { MarketView } from '@market-of-experts/roles/view/market-view';
import { connections } from './connections.ts';
import { type Encode, encoderBackend } from './encoders.ts';
import { type FixedRosterInit, fixedRoster } from './fixed-roster.ts';
import { positionsOf, reserveTexts } from './reserve-texts.ts';
import { testKeys } from './test-keys.ts';

/** What a market is about, where it is not text embeddings. */
export interface FixedKind {
  readonly task: Task<MarketParameters>;
  readonly skill: (index: number) => TaskSkill;
}

export interface FixedMarketInit extends FixedRosterInit {
  /** Distinguishes the keys of one market from another's. */
  readonly name?: string;
  /** Default text embeddings, by `encode` or `backend`. */
  readonly kind?: FixedKind;
  /** Its backend, where it is more than an encoder. */
  readonly backend?: (index: number, encode: Encode) => ExpertBackend;
  /** Experts that play no role of ours: they are connected, and a test answers for them. */
  readonly strangers?: readonly number[];
  /** How experts play; default: each works itself. */
  readonly policy?: DecisionPolicy;
  /** Certified results so far; default none. */
  readonly standings?: (experts: readonly NodeId[]) => Standings;
  /** Told of contradicting statements that the coordinator comes upon. */
  readonly onEquivocation?: (
    statements: readonly [Statement, Statement],
    orders: readonly OrderBody[],
  ) => void;
  /** Of all nodes; default one in memory. */
  readonly guard?: SigningGuard;
  /** Also the clock of the network, when it is given. */
  readonly clock?: Clock;
  /** What the clock of the n-th expert shows too much, milliseconds; default 0. */
  readonly skewMs?: (index: number) => number;
}

export interface FixedExpert {
  readonly keys: KeyPair;
  readonly node: NodeId;
  readonly owner: AccountId;
  readonly encode: Encode;
  readonly transport: Transport;
}

export interface JobInit {
  readonly text: string;
  readonly clientSeq?: number;
  readonly signal?: AbortSignal;
  /** Changes to what the client signs. */
  readonly order?: Partial<OrderBody>;
}

/** Experts, validators, a coordinator and a client over a memory network, with a roster that never changes. */
export interface FixedMarket {
  readonly network: MemoryNetwork;
  readonly roster: Roster;
  readonly rosterHash: Hash;
  readonly view: MarketView;
  readonly clock: Clock;
  /** What a ledger would say of the next settlement. */
  readonly due: { batch: number };
  /** A key behind the guard of this market, for tests that start a role themselves. */
  readonly signerOf: (keys: KeyPair) => GuardedSigner;
  readonly experts: readonly FixedExpert[];
  readonly validators: readonly {
    readonly keys: KeyPair;
    readonly node: NodeId;
    readonly tickets: TicketBook;
  }[];
  readonly coordinator: { readonly keys: KeyPair; readonly node: NodeId; readonly transport: Transport };
  readonly client: OwnerKey;
  order(job: JobInit): { readonly order: Order; readonly salt: Uint8Array };
  runJob(job: JobInit): Promise<ShardOutcome>;
  /** A job of several orders, of clients by name. The reserve is the market's where none is given. */
  runBatch(texts: Readonly<Record<string, string>>, reserve?: readonly string[]): Promise<ShardOutcome>;
  close(): Promise<void>;
}

const neverAborted = new AbortController().signal;

const orderLifetimeMs = 30_000;

export function fixedMarket(init: FixedMarketInit): FixedMarket {
  const clock = init.clock ?? systemClock;
  const keys = testKeys(`fixed-market/${init.name ?? ''}`);
  const { keysOf, ownerOf } = keys;
  const { roster, encoders, tickets, places } = fixedRoster(init, keys);
  const coordinatorKeys = keysOf('coordinator');
  let nextSeq = 0;
  const guard = init.guard ?? memoryGuard(() => clock.nowMs());
  const signerOf = (keys: KeyPair): GuardedSigner => guardedSigner(keys, guard, systemRandom);
  const due = { batch: 0 };
  const kind: FixedKind = init.kind ?? {
    task: embeddingTask({ placeOf: (sum) => nearestPlace(places, sum) }),
    skill: (index) => {
      const encode = encoders[index]!;
      const { dimensions } = roster.parameters;
      return embeddingSkill(
        init.backend?.(index, encode) ?? encoderBackend(`expert-${index}`, dimensions, encode),
      );
    },
  };
  const view = fixedMarketView(
    roster,
    kind.task,
    init.standings?.(roster.experts.map(({ node }) => node)),
    // Nothing is settled here, so the client's last orders count as its open ones.
    () => ({
      gateway: coordinatorKeys.publicKey as NodeId,
      lockedMicro: MAX_AMOUNT,
      nextOrderSeq: Math.max(0, nextSeq - 512),
    }),
    () => due.batch,
  );
  const network = createMemoryNetwork(init.clock === undefined ? {} : { clock });
  const { connect, close } = connections(network);
  const validators = tickets.map((book, index) => {
    const keys = keysOf(`validator-${index}`);
    const node = keys.publicKey as NodeId;
    validatorRole({ signer: signerOf(keys) })({ transport: connect(node), view, clock, tickets: () => book });
    return { keys, node, tickets: book };
  });
  const experts = encoders.map((encode, index): FixedExpert => {
    const keys = keysOf(`expert-${index}`);
    const node = keys.publicKey as NodeId;
    const transport = connect(node);
    const role = init.strangers?.includes(index)
      ? undefined
      : expertRole({ signer: signerOf(keys), policy: init.policy ?? workAlways });
    role?.({
      transport,
      skill: kind.skill(index),
      view,
      clock: { ...clock, nowMs: () => clock.nowMs() + (init.skewMs?.(index) ?? 0) },
      random: systemRandom,
    });
    return { keys, node, owner: roster.experts[index]!.owner, encode, transport };
  });
  const node = coordinatorKeys.publicKey as NodeId;
  const coordinator = { keys: coordinatorKeys, node, transport: connect(node) };
  const client = ownerOf('client');
  const hash = rosterHash(roster);

  const order: FixedMarket['order'] = (job) => {
    const clientSeq = job.clientSeq ?? nextSeq;
    nextSeq = clientSeq + 1;
    return orderOf(client, { ...job, clientSeq });
  };
  const orderOf = (owner: OwnerKey, job: JobInit & { readonly clientSeq: number }) => {
    const salt = systemRandom.bytes(16);
    return {
      salt,
      order: signBody(owner, orderDomain, {
        network: roster.network,
        market: roster.market,
        client: owner.address,
        clientSeq: job.clientSeq,
        coordinator: coordinator.node,
        dataHash: saltedDataHash(job.text, salt),
        bytes: Buffer.byteLength(job.text),
        maxFeeMicro: 1_000_000n,
        tipMicro: 0n,
        deadlineMs: clock.nowMs() + orderLifetimeMs,
        ...job.order,
      }),
    };
  };
  const usualReserve = init.kind === undefined ? reserveTexts : [];
  const run = (
    ordered: readonly (SaltedDatum & { readonly order: Order })[],
    reserve: readonly string[],
    signal: AbortSignal = neverAborted,
  ): Promise<ShardOutcome> =>
    runShardJob(
      {
        keys: coordinator.keys,
        transport: coordinator.transport,
        clock,
        random: systemRandom,
        view,
        positionsOf: positionsOf(roster.parameters),
        ...(init.onEquivocation === undefined ? {} : { onEquivocation: init.onEquivocation }),
      },
      {
        orders: ordered.map((each) => each.order),
        data: ordered.map(({ text, salt }) => ({ text, salt })),
        takeReserve: () => reserve,
        roster,
        rosterHash: hash,
        signal,
      },
    );
  return {
    network,
    roster,
    rosterHash: hash,
    view,
    clock,
    due,
    signerOf,
    experts,
    validators,
    coordinator,
    client,
    order,
    runJob: (job) => run([{ ...order(job), text: job.text }], usualReserve, job.signal),
    runBatch: (texts, reserve = usualReserve) =>
      run(
        inJobOrder(
          Object.entries(texts).map(([name, text]) => ({
            ...orderOf(ownerOf(name), { text, clientSeq: 0 }),
            text,
          })),
        ),
        reserve,
      ),
    close,
  };
}
