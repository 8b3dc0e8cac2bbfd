import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AccountId,
  hashOf,
  type KeyPair,
  keyPairFromSeed,
  type MarketId,
  type NodeId,
  type OwnerKey,
  ownerKeyFromPrivate,
  type Random,
  sha256,
  systemRandom,
} from '@market-of-experts/core';
import { CalibrationStore } from '@market-of-experts/history';
import {
  type Ledger,
  memoryLog,
  memoryReceipts,
  openLedger,
  type ReceiptStore,
} from '@market-of-experts/ledger';
import { memoryGuard, type SigningGuard } from '@market-of-experts/ledger/guard';
import type { ExpertBackend } from '@market-of-experts/models';
import { createMemoryNetwork, type MemoryNetwork, type Transport } from '@market-of-experts/network';
import {
  calibrationRoot,
  chunkPieces,
  defaultNetworkRules,
  defaultTerms,
  type MarketParameters,
  type NetworkRules,
  quantise,
  Standings,
  signConsent,
  signTransaction,
} from '@market-of-experts/protocol';
import type { ReceiptRecord } from '@market-of-experts/receipts/receipt-record';
import { type DecisionPolicy, workAlways } from '@market-of-experts/roles/calling/policy';
import type { ClientOrders } from '@market-of-experts/roles/coordinator/client-orders';
import { type CoordinatorRole, coordinatorRole } from '@market-of-experts/roles/coordinator/coordinator-role';
import type { Settler } from '@market-of-experts/roles/coordinator/settler';
import { jobSlots } from '@market-of-experts/roles/coordinator/slots';
import { expertRole } from '@market-of-experts/roles/expert/expert-role';
import { keepBatch } from '@market-of-experts/roles/receipts/kept-batch';
import { type RollCaller, rollCaller } from '@market-of-experts/roles/settlement/roll-caller';
import { type GuardedSigner, guardedSigner } from '@market-of-experts/roles/signing/guarded-signer';
import type { Attendant } from '@market-of-experts/roles/validator/attendance';
import type { CertifiedJob, ClaimBook, ClaimStore } from '@market-of-experts/roles/validator/claim-book';
import {
  type LedgerValidator,
  ledgerDuties,
  ledgerValidator,
} from '@market-of-experts/roles/validator/ledger-validator';
import type { StandInNote, StandInNotes } from '@market-of-experts/roles/validator/overdue-orders';
import { ticketBook } from '@market-of-experts/roles/validator/ticket-book';
import { type LedgerView, ledgerView } from '@market-of-experts/roles/view/ledger-view';
import { type PresenceBook, presenceBook } from '@market-of-experts/roles/view/presence';
import { noOrders } from '@market-of-experts/roles/view/settled-state';
import { encoderBackend, wordEncode } from './encoders.ts';
import { smallParameters, textAbout } from './small-market.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

/** One account owns all experts of this market. */
const defaults = { ...smallParameters, seatsPerOwner: 16 };
const market = 'text-embedding' as MarketId;
const networkName = 'ledger-market';
const prepaidMicro = 1_000_000n;

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
  close(): Promise<void>;
}

export interface LedgerMarketInit {
  /** Whether the gateway is told what validators settled in its place; default true, as in one process. */
  readonly keepsOthersBatches?: boolean;
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
}

/** Coordinator, settler, roles and a real ledger in memory, in virtual time. */
export async function ledgerMarket(init: LedgerMarketInit = {}): Promise<LedgerMarket> {
  const secretOf = (role: string): Uint8Array => sha256(Buffer.from(`ledger-market/${role}`));
  const keysOf = (role: string): KeyPair => keyPairFromSeed(secretOf(role));
  const ownerOf = (role: string): OwnerKey => ownerKeyFromPrivate(secretOf(role));
  const accountOf = (role: string): AccountId => ownerOf(role).address;
  const clock = init.clock ?? virtualClock();
  const parameters = { ...defaults, ...init.parameters };
  const network = createMemoryNetwork({ clock });
  const directory = mkdtempSync(join(tmpdir(), 'moe-ledger-market-'));
  const treasury = ownerOf('treasury');
  const ledger = await openLedger({
    log: memoryLog(),
    network: networkName,
    genesis: signTransaction(treasury, {
      kind: 'genesis',
      network: networkName,
      from: treasury.address,
      nonce: 0,
      atMs: clock.nowMs(),
      rules: { ...defaultNetworkRules, ...init.rules },
      minValidatorStakeMicro: 100n,
      balances: [...['expert-owner', 'validator-owner', 'client-0', 'client-1'], ...(init.funded ?? [])].map(
        (role) => ({ account: accountOf(role), amountMicro: 100_000_000n }),
      ),
      markets: [
        {
          market,
          owner: accountOf('market-owner'),
          terms: defaultTerms({ ...parameters, minimumStakeMicro: 100n }, hashOf('ledger-market/anchors', 0)),
        },
      ],
    }),
  });
  const warnings: string[] = [];
  const onWarning = (message: string): void => {
    warnings.push(message);
  };
  const transports = new Map<NodeId, Transport>();
  const connect = (node: NodeId): Transport => {
    const transport = network.connect(node);
    const tapped = init.tap?.(transport) ?? transport;
    transports.set(node, tapped);
    return tapped;
  };
  const reconnect = async (node: NodeId): Promise<Transport> => {
    await transports.get(node)?.close();
    return connect(node);
  };

  const isStranger = (name: string): boolean => init.strangers?.includes(name) === true;
  const expertCount = init.experts ?? 5;
  const validators = Array.from({ length: init.validators ?? 1 }, (_, index) => {
    const name = index === 0 ? 'validator' : `validator-${index}`;
    const keys = keysOf(name);
    const tickets = ticketBook(
      keys,
      hashOf('ledger-market', index === 0 ? 'tickets' : name),
      init.ticketDepth ?? 9,
    );
    return { name, keys, tickets, node: keys.publicKey as NodeId };
  });
  for (const { name, keys, tickets, node } of validators) {
    await ledger.transact(ownerOf('validator-owner'), {
      kind: 'registerValidator',
      node,
      name,
      stakeMicro: 1_000n,
      consent: signConsent(keys, networkName, accountOf('validator-owner')),
      ticketRoot: tickets.root,
    });
    if (isStranger(name)) await ledger.transact(keys, { kind: 'heartbeat', call: 0 });
  }
  const calibration = new CalibrationStore({ directory, dimensions: parameters.dimensions });
  const experts: NodeId[] = [];
  for (let index = 0; index < expertCount; index += 1) {
    const keys = keysOf(`expert-${index}`);
    const node = keys.publicKey as NodeId;
    experts.push(node);
    const encode = wordEncode(parameters.dimensions, `expert-${index}`, 0.5 + index / 5);
    const chunk = new Int16Array(chunkPieces * parameters.dimensions);
    for (let piece = 0; piece < chunkPieces; piece += 1)
      chunk.set(quantise(encode(textAbout(piece))), piece * parameters.dimensions);
    calibration.publish(node, 0, chunk);
    await ledger.transact(ownerOf('expert-owner'), {
      kind: 'registerExpert',
      market,
      node,
      name: `expert-${index}`,
      stakeMicro: 1_000_000n,
      depositMicro: 0n,
      askMicroPerKilobyte: 1_000n,
      askBps: 5_000,
      calibration: { count: chunkPieces, root: calibrationRoot(calibration.chunkHashes(node)) },
      consent: signConsent(keys, networkName, accountOf('expert-owner')),
    });
  }
  const gatewayKeys = keysOf('gateway');
  const gateway = gatewayKeys.publicKey as NodeId;
  const clients = ['client-0', 'client-1'].map(accountOf);
  for (const role of ['client-0', 'client-1'])
    await ledger.transact(ownerOf(role), { kind: 'lock', market, gateway, amountMicro: prepaidMicro });

  const presence = presenceBook();
  // Also strangers, for whom a test answers.
  for (const node of experts) presence.enter(node, () => false);
  const view: LedgerView = ledgerView({
    market,
    ledger,
    calibration,
    calibrationHash: hashOf('ledger-market', 'calibration'),
    places: {
      count: 1,
      dimension: parameters.dimensions,
      centroids: new Int16Array(parameters.dimensions),
      hash: hashOf('ledger-market', 'places'),
    },
    // The last one is on probation.
    founders: () => experts.slice(0, -1),
    presence,
    start: { batch: 0, standings: Standings.empty, totals: noOrders },
  });
  let starts = 0;
  const guard = init.guard ?? memoryGuard(clock.nowMs);
  const randomOf = init.randomOf ?? (() => systemRandom);
  const signerOf = (role: string): GuardedSigner =>
    guardedSigner(keysOf(role), guard, randomOf(`${role}/pen`));
  const receipts = memoryReceipts();
  const running = new Map<number, { readonly attendant: Attendant; readonly validator: LedgerValidator }>();
  const disks = validators.map(() => ({ claimStore: memoryClaims(), notes: memoryNotes() }));
  const claims: ClaimBook[] = [];
  const stopValidator = async (index: number): Promise<void> => {
    const { validator, attendant } = running.get(index) ?? {};
    running.delete(index);
    await Promise.all([validator?.close(), transports.get(validators[index]!.node)?.close()]);
    await attendant?.close();
  };
  const startValidator = async (index: number): Promise<void> => {
    const validator = validators[index]!;
    const { name, keys, node } = validator;
    await stopValidator(index);
    if (transports.has(node)) {
      // Its list of tickets is lost with the process.
      starts += 1;
      validator.tickets = ticketBook(
        keys,
        hashOf('ledger-market', `${name}/${starts}`),
        init.ticketDepth ?? 9,
      );
      const { root: ticketRoot } = validator.tickets;
      await ledger.transact(ownerOf('validator-owner'), { kind: 'updateValidator', node, ticketRoot });
    }
    const transport = connect(node);
    const signer = signerOf(name);
    const attendant = ledgerDuties({ keys, signer })({ transport, ledger, clock, onWarning });
    await attendant.answered();
    const role = ledgerValidator({ market, signer })({
      ledger,
      transport,
      view,
      clock,
      tickets: () => validator.tickets,
      ...disks[index]!,
      ...(init.keepsOthersBatches === false
        ? {}
        : { keepBatch: (settlement, content) => keepBatch(receipts, settlement, content) }),
      onWarning,
    });
    running.set(index, { attendant, validator: role });
    claims[index] = role.claims;
  };
  const startExpert = async (index: number): Promise<void> => {
    const encode = wordEncode(parameters.dimensions, `expert-${index}`, 0.5 + index / 5);
    const backend = encoderBackend(`expert-${index}`, parameters.dimensions, encode);
    expertRole({
      signer: signerOf(`expert-${index}`),
      policy: init.policy ?? workAlways,
    })({
      transport: await reconnect(experts[index]!),
      backend: init.backend?.(index, backend, clock) ?? backend,
      view,
      clock,
      random: randomOf(`expert-${index}`),
      presence,
    });
  };
  for (const [index, { name }] of validators.entries()) if (!isStranger(name)) await startValidator(index);
  for (const index of experts.keys()) if (!isStranger(`expert-${index}`)) await startExpert(index);
  const transport = connect(gateway);
  const records: ReceiptRecord[] = [];
  const roll = rollCaller({ ledger, keys: treasury, clock, onWarning });
  const coordinator = coordinatorRole({
    keys: gatewayKeys,
    market,
    ownerKey: ownerOf('market-owner'),
    keysOf: (client) => {
      const index = clients.indexOf(client);
      return index < 0 ? undefined : ownerOf(`client-${index}`);
    },
  })({
    transport,
    view,
    ledger,
    receipts,
    rollCaller: roll,
    clock,
    random: randomOf('gateway'),
    slots: jobSlots(),
    countTokens: (text) => text.length,
    onRecord: (_, record) => records.push(record),
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
    validators: validators.map(({ node }) => node),
    claims,
    keysOf,
    ownerOf,
    connect,
    restartExpert: startExpert,
    restartValidator: startValidator,
    stopValidator,
    gateway: transport,
    market,
    records,
    warnings,
    close: async () => {
      await roll.close();
      for (const { attendant } of running.values()) await attendant.close();
      await Promise.all(
        [...[...running.values()].map(({ validator }) => validator), ...transports.values()].map((each) =>
          each.close(),
        ),
      );
      await ledger.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A disk that outlives the process. */
function memoryClaims(): ClaimStore {
  const kept = new Map<string, CertifiedJob>();
  const keyOf = ({ certificate: { body } }: CertifiedJob): string => `${body.client}/${body.clientSeq}`;
  return {
    load: () => [...kept.values()],
    put: (claim) => void kept.set(keyOf(claim), claim),
    remove: (claim) => void kept.delete(keyOf(claim)),
  };
}

function memoryNotes(): StandInNotes {
  let kept: readonly StandInNote[] = [];
  return {
    load: () => kept,
    save: (notes) => {
      kept = notes;
    },
  };
}
