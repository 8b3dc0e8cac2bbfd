import { join } from 'node:path';
import { type Clock, type MarketId, messageOf, type Random } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { scopedTransport, type Transport } from '@market-of-experts/network';
import type { SettlementBody } from '@market-of-experts/protocol';
import type { BatchRecord } from '@market-of-experts/receipts/receipt-record';
import type { GuardedSigner } from '@market-of-experts/roles/signing/guarded-signer';
import { ledgerValidator } from '@market-of-experts/roles/validator/ledger-validator';
import { rankingDuty } from '@market-of-experts/roles/validator/ranking-duty';
import { settledWork, type Testimony } from '@market-of-experts/roles/validator/settled-work';
import { weightsOf, workRecord } from '@market-of-experts/roles/validator/work-record';
import type { LedgerView } from '@market-of-experts/roles/view/ledger-view';
import { claimFiles } from '../directory/claim-files.ts';
import { standInFile } from '../directory/stand-in-file.ts';
import { readValidatorMemory, writeValidatorMemory } from '../directory/validator-file.ts';
import type { TicketSupply } from './tickets.ts';

/** A validator to run in this process. */
export interface ValidatorSpec {
  readonly name: string;
  /** What it says of a job that it recomputed; default the truth. For tests and demonstrations of what lying costs. */
  readonly testimony?: Testimony;
}

/** A market to witness and to rank. */
export interface WitnessedMarket {
  readonly market: MarketId;
  readonly view: LedgerView;
  /** Where what the validators have seen of it is kept. */
  readonly directory: string;
  /** Keeps the content of a batch that one of them settles in place of a gateway. */
  readonly keepBatch: (settlement: SettlementBody, content: BatchRecord) => Promise<void>;
}

/** One validator in one market, which it also ranks. */
export interface Witness {
  /** Does what a ranking validator owes the epoch that has begun; at later ends of epochs unasked. */
  perform(): Promise<void>;
  /** Ends duties that are under way, keeps what must be kept, and witnesses no more. */
  close(): Promise<void>;
}

export interface WitnessInit {
  readonly spec: ValidatorSpec;
  readonly signer: GuardedSigner;
}

export interface WitnessComponents extends WitnessedMarket {
  readonly tickets: Pick<TicketSupply, 'bookOf'>;
  /** Of the validator, for all markets. */
  readonly transport: Transport;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly onWarning: (message: string) => void;
}

export function witness({ spec, signer }: WitnessInit): (components: WitnessComponents) => Witness {
  return (components) => {
    const { market, view, ledger, clock, directory, onWarning } = components;
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
    const warn = (message: string): void => onWarning(`${spec.name}: ${message}`);
    const transport = scopedTransport(components.transport, market);
    const claimsDirectory = join(directory, `${spec.name}-claims`);
    const role = ledgerValidator({
      market,
      signer,
      ...(spec.testimony === undefined ? {} : { testimony: spec.testimony }),
    })({
      transport,
      view,
      ledger,
      clock,
      tickets: (root) => components.tickets.bookOf(root),
      work,
      claimStore: claimFiles({
        directory: claimsDirectory,
        rosterOf: view.rosterOf,
        remember: view.remember,
        onWarning,
      }),
      notes: standInFile(join(claimsDirectory, 'proposed.json'), onWarning),
      keepBatch: components.keepBatch,
      onWarning: warn,
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
      random: components.random,
      onWarning: warn,
    });
    const underWay = new Set<Promise<void>>();
    const perform = (): Promise<void> => {
      const task = duty.perform().finally(() => underWay.delete(task));
      underWay.add(task);
      return task;
    };
    const unsubscribe = ledger.onApplied(({ transaction }) => {
      if (transaction.kind === 'settle' && transaction.settlement.market === market)
        work.applied(transaction.settlement);
      if (transaction.kind !== 'endEpoch') return;
      record.age();
      void perform();
    });
    return {
      perform,
      async close() {
        unsubscribe();
        await Promise.all(underWay);
        await Promise.all([role.close(), transport.close()]);
        try {
          save();
        } catch (error) {
          onWarning(`The record of ${spec.name} could not be kept: ${messageOf(error)}`);
        }
      },
    };
  };
}
