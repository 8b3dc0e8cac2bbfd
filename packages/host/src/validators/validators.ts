import { join } from 'node:path';
import { type Clock, type MarketId, messageOf, type NodeId, type Random } from '@market-of-experts/core';
import type { EmbeddedLedger, Ledger } from '@market-of-experts/ledger';
import { type MemoryNetwork, scopedTransport, type Transport } from '@market-of-experts/network';
import type { SettlementBody } from '@market-of-experts/protocol';
import type { BatchRecord } from '@market-of-experts/roles/receipts/receipt-record';
import type { GuardedSigner, SignerOf } from '@market-of-experts/roles/signing/guarded-signer';
import { type Attendant, attendRollCalls } from '@market-of-experts/roles/validator/attendance';
import { type ClaimBook, claimBook } from '@market-of-experts/roles/validator/claim-book';
import { serveEpochEnds } from '@market-of-experts/roles/validator/epoch-witness';
import { type RankingDuty, rankingDuty } from '@market-of-experts/roles/validator/ranking-duty';
import { type StandIn, settleOverdue } from '@market-of-experts/roles/validator/settle-overdue';
import {
  type SettledWork,
  settledWork,
  type Testimony,
} from '@market-of-experts/roles/validator/settled-work';
import { type ValidatorRole, validatorRole } from '@market-of-experts/roles/validator/validator-role';
import { type WorkRecord, weightsOf, workRecord } from '@market-of-experts/roles/validator/work-record';
import type { LedgerView } from '@market-of-experts/roles/view/ledger-view';
import { claimFiles } from '../directory/claim-files.ts';
import type { KeyFile } from '../directory/key-file.ts';
import { standInFile } from '../directory/stand-in-file.ts';
import { readValidatorMemory, writeValidatorMemory } from '../directory/validator-file.ts';
import { enrolValidator } from '../genesis/bootstrap.ts';
import { type TicketSupply, ticketSupply } from './tickets.ts';

/** A validator to run in this process. */
export interface ValidatorSpec {
  readonly name: string;
  /** What it says of a job that it recomputed; default the truth. For tests and demonstrations of what lying costs. */
  readonly testimony?: Testimony;
}

export interface ValidatorPoolInit {
  readonly specs: readonly ValidatorSpec[];
  readonly keys: KeyFile;
  readonly signerOf: SignerOf;
  readonly embedded: EmbeddedLedger;
  readonly network: MemoryNetwork;
  readonly clock: Clock;
  readonly random: Random;
  readonly ticketDepth: number;
  readonly onWarning: (message: string) => void;
}

/** A market to witness and to rank. */
interface WitnessedMarket {
  readonly market: MarketId;
  readonly view: LedgerView;
  /** Where what the validators have seen of it is kept. */
  readonly directory: string;
  /** Keeps the content of a batch that one of them settles in place of a gateway. */
  readonly keepBatch: (settlement: SettlementBody, content: BatchRecord) => Promise<void>;
}

/** This machine's validators: each with one key, one list of tickets and one connection for all markets. */
export interface ValidatorPool {
  /** Begins to witness and to rank in a market. */
  join(market: WitnessedMarket): Promise<void>;
  /** Ends duties there that are under way, keeps what must be kept, and witnesses there no more. */
  leave(market: MarketId): Promise<void>;
  /** Leaves all markets. */
  close(): Promise<void>;
}

interface Enrolled {
  readonly spec: ValidatorSpec;
  readonly signer: GuardedSigner;
  readonly tickets: TicketSupply;
  readonly transport: Transport;
  readonly attendant: Attendant;
}

/** Names of the validators of one machine: as many as a quorum needs to outvote one that lies. */
export function validatorSpecs(count: number): ValidatorSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    name: index === 0 ? 'validator' : `validator-${index + 1}`,
  }));
}

/** Registers this machine's validators, each with its own owner, key and tickets. */
export async function openValidators(init: ValidatorPoolInit): Promise<ValidatorPool> {
  const { keys, embedded, network, clock, onWarning } = init;
  const { ledger } = embedded;
  const enrolled: Enrolled[] = [];
  for (const spec of init.specs) {
    const nodeKeys = keys.node(spec.name);
    const tickets = ticketSupply({
      keys: nodeKeys,
      depth: init.ticketDepth,
      register: (root) => enrolValidator(embedded, keys, spec.name, root),
      onWarning,
    });
    await enrolValidator(embedded, keys, spec.name, tickets.root);
    const transport = network.connect(nodeKeys.publicKey as NodeId);
    const signer = init.signerOf(nodeKeys);
    serveEpochEnds(signer, transport, ledger, clock);
    const attendant = attendRollCalls({
      keys: nodeKeys,
      ledger,
      onWarning: (message) => onWarning(`${spec.name}: ${message}`),
    });
    // It counts from now on.
    await attendant.answered();
    enrolled.push({ spec, signer, tickets, transport, attendant });
  }
  const witnessing = new Map<MarketId, readonly Witness[]>();
  const duties = new Map<MarketId, Set<Promise<void>>>();

  /** Duties of the epoch that has begun. */
  const performDuties = async (market: MarketId): Promise<void> => {
    const underWay = duties.get(market)!;
    await Promise.all(
      witnessing.get(market)!.map(({ duty }) => {
        const task = duty.perform().finally(() => underWay.delete(task));
        underWay.add(task);
        return task;
      }),
    );
  };
  const unsubscribe = ledger.onApplied(({ transaction }) => {
    if (transaction.kind === 'settle') {
      const { settlement } = transaction;
      for (const { work, claims } of witnessing.get(settlement.market) ?? []) {
        work.applied(settlement);
        for (const { client } of settlement.orders)
          claims.settled(client, ledger.nextOrderSeq(client, settlement.market));
      }
    }
    if (transaction.kind !== 'endEpoch') return;
    for (const [market, witnesses] of witnessing) {
      for (const { record } of witnesses) record.age();
      void performDuties(market);
    }
  });
  const leave = async (market: MarketId): Promise<void> => {
    const witnesses = witnessing.get(market) ?? [];
    witnessing.delete(market);
    await Promise.all(duties.get(market) ?? []);
    for (const { standIn, role, scope, save } of witnesses) {
      await Promise.all([standIn.close(), role.close(), scope.close()]);
      save();
    }
  };

  return {
    async join(joined) {
      const { market } = joined;
      const components = { ...joined, ledger, clock, random: init.random, onWarning };
      witnessing.set(
        market,
        enrolled.map((each) => startWitness(each, components)),
      );
      duties.set(market, new Set());
      await performDuties(market);
    },
    leave,
    async close() {
      unsubscribe();
      for (const market of [...witnessing.keys()]) await leave(market);
      await Promise.all(enrolled.flatMap(({ tickets, attendant }) => [tickets.idle(), attendant.close()]));
    },
  };
}

/** One validator in one market. */
interface Witness {
  readonly duty: RankingDuty;
  readonly record: WorkRecord;
  readonly work: SettledWork;
  readonly claims: ClaimBook;
  readonly standIn: StandIn;
  readonly role: ValidatorRole;
  readonly scope: Transport;
  readonly save: () => void;
}

function startWitness(
  { spec, signer, tickets, transport }: Enrolled,
  components: WitnessedMarket & {
    readonly ledger: Ledger;
    readonly clock: Clock;
    readonly random: Random;
    readonly onWarning: (message: string) => void;
  },
): Witness {
  const { market, view, ledger, clock, random, directory, keepBatch, onWarning } = components;
  const path = join(directory, `${spec.name}.json`);
  const memory = readValidatorMemory(path);
  const record = workRecord(memory.record);
  const work = settledWork({
    self: signer.node,
    record,
    testimony: spec.testimony,
    caught: memory.caught,
  });
  let { promises } = memory;
  const save = (): void =>
    writeValidatorMemory(path, { promises, record: record.tallies(), caught: work.caught() });
  const scope = scopedTransport(transport, market);
  const claimsDirectory = join(directory, `${spec.name}-claims`);
  const claims = claimBook({
    clock,
    store: claimFiles({
      directory: claimsDirectory,
      rosterOf: view.rosterOf,
      remember: view.remember,
      onWarning,
    }),
    nextOrderSeq: (client) => ledger.nextOrderSeq(client, market),
  });
  const standIn = settleOverdue({
    market,
    signer,
    ledger,
    transport: scope,
    view,
    claims,
    clock,
    notes: standInFile(join(claimsDirectory, 'proposed.json'), onWarning),
    keepBatch,
    onWarning: (message) => onWarning(`${spec.name}: ${message}`),
  });
  const role = validatorRole({
    signer,
    ...(spec.testimony === undefined ? {} : { testimony: spec.testimony }),
  })({
    transport: scope,
    view,
    clock,
    tickets: (root) => tickets.bookOf(root),
    work,
    claims: standIn.claims,
  });
  const duty = rankingDuty({
    signer,
    ledger,
    markets: () => [market],
    weights: () => weightsOf(record.tallies()),
    promises: {
      load: () => promises,
      save: (kept) => {
        promises = kept;
        save();
      },
    },
    random,
    onWarning: (message) => onWarning(`${spec.name}: ${message}`),
  });
  return {
    duty,
    record,
    work,
    claims,
    standIn,
    role,
    scope,
    save: () => {
      try {
        save();
      } catch (error) {
        onWarning(`The record of ${spec.name} could not be kept: ${messageOf(error)}`);
      }
    },
  };
}
