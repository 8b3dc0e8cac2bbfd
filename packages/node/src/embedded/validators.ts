import { join } from 'node:path';
import { type Clock, type KeyPair, type MarketId, messageOf, type NodeId, type Random } from '@moe/core';
import type { EmbeddedLedger } from '@moe/ledger';
import type { MemoryNetwork } from '@moe/network';
import type { MarketView } from '../market/market-view.ts';
import { serveEpochEnds } from '../validator/epoch-witness.ts';
import { type RankingDuty, rankingDuty } from '../validator/ranking-duty.ts';
import { type Testimony, validatorRole } from '../validator/validator-role.ts';
import { type WorkRecord, weightsOf, workRecord } from '../validator/work-record.ts';
import { enrolValidator } from './bootstrap.ts';
import type { KeyFile } from './key-file.ts';
import { type TicketSupply, ticketSupply } from './tickets.ts';
import { readValidatorMemory, writeValidatorMemory } from './validator-file.ts';

/** A validator to run in this process. */
export interface ValidatorSpec {
  readonly name: string;
  /** What it says of a job that it recomputed; default the truth. For tests and demonstrations of what lying costs. */
  readonly testimony?: Testimony;
}

export interface ValidatorPoolInit {
  readonly specs: readonly ValidatorSpec[];
  readonly keys: KeyFile;
  readonly embedded: EmbeddedLedger;
  readonly ticketDepth: number;
  /** To be called when what the ledger says of a validator has changed. */
  readonly refresh: () => void;
  readonly onWarning: (message: string) => void;
}

export interface ValidatorPoolComponents {
  readonly network: MemoryNetwork;
  readonly market: MarketId;
  readonly view: MarketView;
  readonly clock: Clock;
  readonly random: Random;
  readonly dataDir: string;
}

export interface ValidatorPool {
  /** Begins to witness and to rank. */
  start(components: ValidatorPoolComponents): Promise<void>;
  /** Ends duties that are under way and keeps what must be kept. */
  close(): Promise<void>;
}

interface Enrolled {
  readonly spec: ValidatorSpec;
  readonly keys: KeyPair;
  readonly tickets: TicketSupply;
}

/** Names of the validators of one machine: as many as a quorum needs to outvote one that lies. */
export function validatorSpecs(count: number): ValidatorSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    name: index === 0 ? 'validator' : `validator-${index + 1}`,
  }));
}

/** Registers this machine's validators, each with its own owner, key and tickets. */
export async function openValidators(init: ValidatorPoolInit): Promise<ValidatorPool> {
  const { keys, embedded, onWarning, refresh } = init;
  const enrolled: Enrolled[] = [];
  for (const spec of init.specs) {
    const nodeKeys = keys.node(spec.name);
    const tickets = ticketSupply({
      keys: nodeKeys,
      depth: init.ticketDepth,
      register: async (root) => {
        await enrolValidator(embedded, keys, spec.name, root);
        refresh();
      },
      onWarning,
    });
    await enrolValidator(embedded, keys, spec.name, tickets.root);
    enrolled.push({ spec, keys: nodeKeys, tickets });
  }
  const running: Running[] = [];
  let unsubscribe = (): void => undefined;
  const work = new Set<Promise<void>>();
  const track = (task: Promise<void>): Promise<void> => {
    const tracked = task.finally(() => work.delete(tracked));
    work.add(tracked);
    return tracked;
  };

  return {
    async start(components) {
      for (const each of enrolled) running.push(startValidator(each, components, embedded, onWarning));
      const beginEpoch = (): Promise<void>[] => running.map(({ duty }) => track(duty.perform()));
      unsubscribe = embedded.ledger.onApplied(({ transaction }) => {
        if (transaction.kind !== 'endEpoch') return;
        for (const { record } of running) record.age();
        void Promise.all(beginEpoch());
      });
      await Promise.all(beginEpoch());
    },
    async close() {
      unsubscribe();
      await Promise.all(work);
      for (const { save } of running) save();
      await Promise.all(enrolled.map(({ tickets }) => tickets.idle()));
    },
  };
}

interface Running {
  readonly duty: RankingDuty;
  readonly record: WorkRecord;
  readonly save: () => void;
}

function startValidator(
  { spec, keys, tickets }: Enrolled,
  { network, market, view, clock, random, dataDir }: ValidatorPoolComponents,
  { ledger }: EmbeddedLedger,
  onWarning: (message: string) => void,
): Running {
  const path = join(dataDir, `${spec.name}.json`);
  const memory = readValidatorMemory(path, onWarning);
  const record = workRecord(memory.record);
  let { promises } = memory;
  const save = (): void => writeValidatorMemory(path, { promises, record: record.tallies() });
  const transport = network.connect(keys.publicKey as NodeId);
  validatorRole({ keys, ...(spec.testimony === undefined ? {} : { testimony: spec.testimony }) })({
    transport,
    view,
    clock,
    tickets: (root) => tickets.bookOf(root),
    onWitnessed: (body) => record.observe(body),
  });
  serveEpochEnds(keys, transport, ledger, clock);
  const duty = rankingDuty({
    keys,
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
    save: () => {
      try {
        save();
      } catch (error) {
        onWarning(`The record of ${spec.name} could not be kept: ${messageOf(error)}`);
      }
    },
  };
}
