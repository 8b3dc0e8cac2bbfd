import type { Clock, MarketId, NodeId, Random } from '@market-of-experts/core';
import type { EmbeddedLedger } from '@market-of-experts/ledger';
import type { MemoryNetwork } from '@market-of-experts/network';
import type { SignerOf } from '@market-of-experts/roles/signing/guarded-signer';
import { ledgerDuties } from '@market-of-experts/roles/validator/ledger-validator';
import type { KeyFile } from '../directory/key-file.ts';
import { enrolValidator } from '../genesis/bootstrap.ts';
import { ticketSupply } from './tickets.ts';
import { type ValidatorSpec, type Witness, type WitnessedMarket, witness } from './witness.ts';

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

/** This machine's validators: each with one key, one list of tickets and one connection for all markets. */
export interface ValidatorPool {
  /** Begins to witness and to rank in a market. */
  join(market: WitnessedMarket): Promise<void>;
  /** Ends duties there that are under way, keeps what must be kept, and witnesses there no more. */
  leave(market: MarketId): Promise<void>;
  /** Leaves all markets. */
  close(): Promise<void>;
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
  /** Each begins to witness in a market. */
  const enrolled: ((joined: WitnessedMarket) => Witness)[] = [];
  const leaving: (() => Promise<unknown>)[] = [];
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
    const attendant = ledgerDuties({ keys: nodeKeys, signer })({
      transport,
      ledger,
      clock,
      onWarning: (message) => onWarning(`${spec.name}: ${message}`),
    });
    // It counts from now on.
    await attendant.answered();
    enrolled.push((joined) =>
      witness({ spec, signer })({
        ...joined,
        tickets,
        transport,
        ledger,
        clock,
        random: init.random,
        onWarning,
      }),
    );
    leaving.push(tickets.idle, attendant.close);
  }
  const witnessing = new Map<MarketId, readonly Witness[]>();
  const leave = async (market: MarketId): Promise<void> => {
    const witnesses = witnessing.get(market) ?? [];
    witnessing.delete(market);
    for (const each of witnesses) await each.close();
  };
  return {
    async join(joined) {
      const witnesses: Witness[] = [];
      witnessing.set(joined.market, witnesses);
      try {
        for (const start of enrolled) witnesses.push(start(joined));
      } catch (error) {
        await leave(joined.market);
        throw error;
      }
      await Promise.all(witnesses.map((each) => each.perform()));
    },
    leave,
    async close() {
      for (const market of [...witnessing.keys()]) await leave(market);
      await Promise.all(leaving.map((end) => end()));
    },
  };
}
