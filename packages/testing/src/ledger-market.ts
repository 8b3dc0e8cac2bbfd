import {
  type AccountId,
  hashOf,
  type KeyPair,
  type MarketId,
  type NodeId,
  type OwnerKey,
  type Random,
  systemRandom,
} from '@market-of-experts/core';
import { type Ledger, memoryReceipts, type ReceiptStore } from '@market-of-experts/ledger';
import { memoryGuard, type SigningGuard } from '@market-of-experts/ledger/guard';
import type { ExpertBackend } from '@market-of-experts/models';
import { createMemoryNetwork, type MemoryNetwork, type Transport } from '@market-of-experts/network';
import { type MarketParameters, type NetworkRules, Standings } from '@market-of-experts/protocol';
import type { ReceiptRecord } from '@market-of-experts/receipts/receipt-record';
import { type DecisionPolicy, workAlways } from '@market-of-experts/roles/calling/policy';
import type { ClientOrders } from '@market-of-experts/roles/coordinator/client-orders';
import { type CoordinatorRole, coordinatorRole } from '@market-of-experts/roles/coordinator/coordinator-role';
import type { Settler } from '@market-of-experts/roles/coordinator/settler';
import { jobSlots } from '@market-of-experts/roles/coordinator/slots';
import type { ContradictingExpert } from '@market-of-experts/roles/coordinator/statements/statement-checker';
import { type RollCaller, rollCaller } from '@market-of-experts/roles/settlement/roll-caller';
import { guardedSigner } from '@market-of-experts/roles/signing/guarded-signer';
import type { ClaimBook } from '@market-of-experts/roles/validator/claim-book';
import { type LedgerView, ledgerView } from '@market-of-experts/roles/view/ledger-view';
import { type PresenceBook, presenceBook } from '@market-of-experts/roles/view/presence';
import { noOrders } from '@market-of-experts/roles/view/settled-state';
import { connections as connectionsOf } from './connections.ts';
import { encoderBackend } from './encoders.ts';
import { startExpert, ticketsOf, validatorNode } from './ledger-market-nodes.ts';
import { encodeOf, registeredLedger } from './registered-ledger.ts';
import { positionsOf, reserveTexts } from './reserve-texts.ts';
import { smallParameters } from './small-market.ts';
import { testEdition } from './test-edition.ts';
import { testKeys } from './test-keys.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

/** One account owns all experts of this market. */
const defaults = { ...smallParameters, seatsPerOwner: 16 };
const market = 'text-embedding' as MarketId;

export interface LedgerMarket {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly ledger: Ledger;
  readonly receipts: ReceiptStore;
  readonly view: LedgerView;
  readonly presence: PresenceBook;
  readonly orders: ClientOrders;
  readonly settler: Settler;
  readonly rollCaller: RollCaller;
  readonly coordinator: CoordinatorRole;
  readonly clients: readonly AccountId[];
  readonly experts: readonly NodeId[];
  readonly validators: readonly NodeId[];
  /** What each validator keeps of certified jobs that nobody has settled. */
  readonly claims: readonly ClaimBook[];
  readonly keysOf: (role: string) => KeyPair;
  readonly ownerOf: (role: string) => OwnerKey;
  /** Another node joins the network. */
  readonly connect: (node: NodeId) => Transport;
  /** The process of one node dies, and a new one begins with the same key. */
  readonly restartExpert: (index: number) => Promise<void>;
  readonly restartValidator: (index: number) => Promise<void>;
  /** … or none does. */
  readonly stopValidator: (index: number) => Promise<void>;
  /** The coordinator's end of the network. */
  readonly gateway: Transport;
  readonly market: MarketId;
  /** Every record, in the order in which they were kept. */
  readonly records: readonly ReceiptRecord[];
  readonly warnings: readonly string[];
  /** What the gateway would show the ledger. */
  readonly contradictions: readonly ContradictingExpert[];
  close(): Promise<void>;
}

export interface LedgerMarketInit {
  /** Whether the gateway is told what validators settled in its place; default true, as in one process. */
  readonly keepsOthersBatches?: boolean;
  /** Experts of the edition, by number; default the first one alone. */
  readonly parts?: readonly number[];
  /** The n-th expert's backend in a space of another dimension; default: around its encoder. */
  readonly own?: (index: number) => ExpertBackend | undefined;
  /** Changes to those of the market. */
  readonly parameters?: Partial<MarketParameters>;
  readonly policy?: DecisionPolicy;
  /** Default 5; the last one is on probation. */
  readonly experts?: number;
  /** Default 1. */
  readonly validators?: number;
  /** Of all nodes, whatever restarts; default one in memory. */
  readonly guard?: SigningGuard;
  /** Jobs that each validator has tickets for, as a power of two; default 9. */
  readonly ticketDepth?: number;
  /** Experts and validators (by name) that play no role of ours: a test connects them and answers for them. */
  readonly strangers?: readonly string[];
  /** Roles with an account that has money, besides those of the market. */
  readonly funded?: readonly string[];
  /** Sees, or changes, what a node sends and answers. */
  readonly tap?: (transport: Transport) => Transport;
  readonly clock?: VirtualClock;
  /** The chance of a node, by the name of its key; default: the system's. */
  readonly randomOf?: (role: string) => Random;
  /** The n-th expert's backend around its encoder, where it takes time; default: it takes none. */
  readonly backend?: (index: number, backend: ExpertBackend, clock: VirtualClock) => ExpertBackend;
  readonly rules?: Partial<NetworkRules>;
  /** Told of each decided order, as a host is. */
  readonly onRecord?: (id: string, record: ReceiptRecord) => void;
}

/** A coordinator, validators and experts over a real ledger in memory, in virtual time. */
export async function ledgerMarket(init: LedgerMarketInit = {}): Promise<LedgerMarket> {
  const { ticketDepth = 9, randomOf = () => systemRandom, policy = workAlways } = init;
  const keys = testKeys('ledger-market');
  const clock = init.clock ?? virtualClock();
  const parameters = { ...defaults, ...init.parameters };
  const isStranger = (name: string): boolean => init.strangers?.includes(name) === true;
  const validatorNames = Array.from({ length: init.validators ?? 1 }, (_, index) =>
    index === 0 ? 'validator' : `validator-${index}`,
  );
  const registered = await registeredLedger({
    keys,
    market,
    parameters,
    rules: init.rules ?? {},
    nowMs: clock.nowMs(),
    validators: validatorNames.map((name) => ({
      name,
      ticketRoot: ticketsOf(keys, name, ticketDepth).root,
    })),
    isStranger,
    experts: init.experts ?? 5,
    dimensionsOf: (index) => init.own?.(index)?.dimensions,
    funded: init.funded ?? [],
  });
  const { ledger, experts, clients } = registered;
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const network = createMemoryNetwork({ clock });
  const connections = connectionsOf(network, init.tap);
  const presence = presenceBook();
  // Also strangers, for whom a test answers.
  for (const node of experts) presence.enter(node, () => false);
  const edition = testEdition(
    { network: ledger.network, market },
    (init.parts ?? [0]).map((index) => ({
      node: experts[index]!,
      dimensions: init.own?.(index)?.dimensions ?? parameters.dimensions,
    })),
  );
  const view = ledgerView({
    market,
    ledger,
    places: {
      count: 1,
      dimension: parameters.dimensions,
      centroids: new Int16Array(parameters.dimensions),
      hash: hashOf('ledger-market', 'places'),
    },
    // The last one is on probation.
    founders: () => experts.slice(0, -1),
    presence,
    edition: (number = 1) => (number === 1 ? edition : undefined),
    start: { batch: 0, standings: Standings.empty, totals: noOrders },
  });
  const guard = init.guard ?? memoryGuard(clock.nowMs);
  const components = {
    keys,
    signerOf: (role: string) => guardedSigner(keys.keysOf(role), guard, randomOf(`${role}/pen`)),
    connections,
    ledger,
    view,
    clock,
    presence,
    onWarning,
  };
  const receipts = memoryReceipts();
  const validators = validatorNames.map((name) =>
    validatorNode(
      { market, name, ticketDepth },
      { ...components, receipts: init.keepsOthersBatches === false ? undefined : receipts },
    ),
  );
  const claims: ClaimBook[] = [];
  const restartValidator = async (index: number): Promise<void> => {
    claims[index] = await validators[index]!.start();
  };
  const restartExpert = (index: number): Promise<void> => {
    const name = `expert-${index}`;
    const backend = encoderBackend(name, parameters.dimensions, encodeOf(index, parameters));
    return startExpert(
      {
        name,
        policy,
        backend: init.own?.(index) ?? init.backend?.(index, backend, clock) ?? backend,
      },
      { ...components, random: randomOf(name) },
    );
  };
  for (const [index, name] of validatorNames.entries()) if (!isStranger(name)) await restartValidator(index);
  for (const index of experts.keys()) if (!isStranger(`expert-${index}`)) await restartExpert(index);
  const gateway = connections.connect(keys.nodeOf('gateway'));
  const records: ReceiptRecord[] = [];
  const contradictions: ContradictingExpert[] = [];
  const roll = rollCaller({ ledger, keys: keys.ownerOf('treasury'), clock, onWarning });
  const coordinator = coordinatorRole({
    keys: keys.keysOf('gateway'),
    market,
    ownerKey: keys.ownerOf('market-owner'),
    keysOf: (client) => {
      const index = clients.indexOf(client);
      return index < 0 ? undefined : keys.ownerOf(`client-${index}`);
    },
  })({
    transport: gateway,
    view,
    ledger,
    receipts,
    rollCaller: roll,
    clock,
    random: randomOf('gateway'),
    slots: jobSlots(),
    reserve: { take: (most: number) => reserveTexts.slice(0, most) },
    positionsOf: positionsOf(parameters),
    countTokens: (text) => text.length,
    isPartHere: ({ node }) => presence.now().here.has(node),
    nameOf: (node) => `expert-${experts.indexOf(node)}`,
    onRecord: (id, record) => {
      records.push(record);
      init.onRecord?.(id, record);
    },
    onContradiction: (found) => contradictions.push(found),
    onWarning,
  });
  return {
    clock,
    network,
    ledger,
    receipts,
    view,
    presence,
    orders: coordinator.orders,
    settler: coordinator.settler,
    rollCaller: roll,
    coordinator,
    clients,
    experts,
    validators: validatorNames.map(keys.nodeOf),
    claims,
    keysOf: keys.keysOf,
    ownerOf: keys.ownerOf,
    connect: connections.connect,
    restartExpert,
    restartValidator,
    stopValidator: (index) => validators[index]!.stop(),
    gateway,
    market,
    records,
    warnings,
    contradictions,
    close: async () => {
      await roll.close();
      await Promise.all([...validators.map((each) => each.stop()), connections.close()]);
      await registered.close();
    },
  };
}
