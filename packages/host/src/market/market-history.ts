import { join } from 'node:path';
import type { RegionListing } from '@market-of-experts/api/market-service';
import type { ShownText } from '@market-of-experts/api/shown-text';
import { type Hash, MoeError, messageOf, type NodeId } from '@market-of-experts/core';
import { type History, openHistory, regions } from '@market-of-experts/history';
import type { ReceiptStore } from '@market-of-experts/ledger';
import { lossUnitsPerDatum, type MarketParameters, type Roster } from '@market-of-experts/protocol';
import { decodeRecord, type ReceiptRecord } from '@market-of-experts/receipts/receipt-record';
import { recordFor } from '@market-of-experts/receipts/text-privacy';
import { assertCertified, historyRecordOf } from '@market-of-experts/roles/job/certified-record';

/** Certified jobs where they lie in the space: what experts decide by whom to call. */
export interface MarketHistory {
  readonly history: History;
  /** Takes in a decided order, if it is a certified job. A record that cannot be verified is left out, with a warning. */
  remember(record: ReceiptRecord): Promise<void>;
  /** Takes in an order that this node itself kept, after it had seen it certified; a job that is known is left out. */
  catchUp(record: ReceiptRecord): void;
  /** Orders decided before are in the history: only later ones can have been lost with the process before this one. */
  readonly completeUntilMs: number;
  regions(expertLoss: number | undefined): Promise<readonly RegionListing[]>;
  /** Waits for what is being taken in, and closes the files. */
  close(): Promise<void>;
}

export interface MarketHistoryInit {
  readonly dataDir: string;
  readonly parameters: MarketParameters;
  readonly receipts: ReceiptStore;
  readonly rosterOf: (hash: Hash) => Roster | undefined;
  readonly nameOf: (node: NodeId) => string;
  readonly nowMs: () => number;
  readonly onWarning: (message: string) => void;
}

const noText: { readonly preview?: ShownText } = {};
/** Seats of a job: paid members and newcomers. */
const outcomesPerRecord = 16;
/** Jobs run side by side, so records are not quite in the order of their orders: no job lasts so long. */
const disorderMs = 60_000;

export function openMarketHistory(init: MarketHistoryInit): MarketHistory {
  const { parameters, receipts, onWarning } = init;
  const history = openHistory({
    directory: join(init.dataDir, 'history'),
    unitsPerJob: lossUnitsPerDatum,
    dimensions: parameters.dimensions,
    outcomesPerRecord,
  });
  const underWay = new Set<Promise<void>>();

  const catchUp = ({ proof, atMs, latenciesMs }: ReceiptRecord): void => {
    if (proof.kind !== 'certificate') return;
    const record = historyRecordOf(proof.certificate.body, proof.data[0]!, atMs, latenciesMs);
    if (record !== undefined) history.append(record);
  };
  const remember = async (record: ReceiptRecord): Promise<void> => {
    const { proof } = record;
    if (proof.kind !== 'certificate') return;
    try {
      const roster = init.rosterOf(proof.roster);
      if (roster === undefined) throw new MoeError('not-certified', 'Its roster is not known here.');
      await assertCertified(proof.certificate, proof.tickets, roster);
      catchUp(record);
    } catch (error) {
      onWarning(`A job is not in the history: ${messageOf(error)}`);
    }
  };

  return {
    history,
    remember(record) {
      const task = remember(record).finally(() => underWay.delete(task));
      underWay.add(task);
      return task;
    },
    catchUp,
    completeUntilMs: (history.recent(1)[0]?.atMs ?? 0) - disorderMs,
    async regions(expertLoss) {
      const rows = regions(history, {
        nowMs: init.nowMs(),
        parameters,
        ...(expertLoss === undefined ? {} : { expertLoss }),
      });
      return Promise.all(
        rows.map(async (row): Promise<RegionListing> => {
          const bytes = await receipts.get(row.representative);
          // Shown to everybody alike.
          const { preview } = bytes === undefined ? noText : recordFor(undefined, decodeRecord(bytes));
          return {
            place: row.place,
            jobs: row.jobs,
            jobsPerHour: row.jobsPerHour,
            meanFeeMicro: row.meanFeeMicro,
            meanLoss: row.meanLoss,
            effectiveWinners: row.effectiveWinners,
            losingMargin: row.losingMargin,
            earningsMicro: row.earningsMicro,
            ...(row.best === null
              ? {}
              : { best: { name: init.nameOf(row.best.worker), meanLoss: row.best.meanLoss } }),
            ...(preview === undefined ? {} : { preview }),
          };
        }),
      );
    },
    async close() {
      await Promise.all(underWay);
      history.close();
    },
  };
}
