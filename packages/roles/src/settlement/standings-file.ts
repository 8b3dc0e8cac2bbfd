import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  decode,
  encode,
  isMoeError,
  type MarketId,
  MoeError,
  type NodeId,
  nodeIdSchema,
} from '@market-of-experts/core';
import { readSealed, type SealedKind, writeSealed } from '@market-of-experts/core/files';
import type { Ledger, ReceiptStore } from '@market-of-experts/ledger';
import { parseSettlementDetail, Standings } from '@market-of-experts/protocol';
import { z } from 'zod';
import { keptBatch } from '../receipts/kept-batch.ts';
import { settlementsFrom } from '../view/ledger-settlements.ts';
import {
  addTotals,
  noOrders,
  type OrderTotals,
  type SettledState,
  totalsSchema,
} from '../view/settled-state.ts';

const fileSchema = z.strictObject({
  batch: z.int().nonnegative(),
  rows: z.array(z.tuple([nodeIdSchema, z.int(), z.int(), z.int(), z.int(), z.int()])),
  totals: totalsSchema,
});

const fileKind: SealedKind = { kind: 'standings', version: 2 };
const nothingSettled: z.infer<typeof fileSchema> = { batch: 0, rows: [], totals: noOrders };

/** Writes the table of places, whole or not at all. */
export function writeStandings(path: string, { batch, standings, totals }: SettledState): void {
  mkdirSync(dirname(path), { recursive: true });
  writeSealed(path, fileKind, encode({ batch, rows: standings.toRows(), totals }));
}

export interface StandingsInit {
  readonly path: string;
  readonly ledger: Pick<Ledger, 'entries' | 'height' | 'market'>;
  readonly market: MarketId;
  readonly gateway: NodeId;
  readonly receipts: ReceiptStore;
  readonly onWarning: (message: string) => void;
}

/**
 * The table after the ledger's settlements: the file, brought up to date from the batches kept in the receipt store. One that
 * is missing, damaged or of a later ledger is made again from the first batch on. What others settled, and is not kept here,
 * counts nothing. Throws `standings-incomplete` where a batch of this gateway that is needed for it is no longer kept.
 */
export async function readStandings(init: StandingsInit): Promise<SettledState> {
  const { path, ledger, market, gateway, receipts, onWarning } = init;
  const nextBatch = ledger.market(market)?.nextBatch ?? 0;
  let state = readFile(path, onWarning) ?? nothingSettled;
  if (state.batch > nextBatch) state = nothingSettled;
  let standings = Standings.fromRows(state.rows);
  let totals: OrderTotals = state.totals;
  if (state.batch < nextBatch) {
    const settlements = await settlementsFrom(ledger, market, state.batch);
    for (let batch = state.batch; batch < nextBatch; batch += 1) {
      const settlement = settlements.get(batch)!;
      const kept = await keptBatch(receipts, settlement);
      if (kept === undefined && settlement.gateway === gateway && settlement.by === gateway)
        throw new MoeError(
          'standings-incomplete',
          `The standings in ${path} are damaged or too old, and settlement ${batch}, which they need to be added up again, is no longer among the receipts. Restore the data directory from a backup.`,
          { metadata: { path, batch } },
        );
      const effects = kept === undefined ? [] : parseSettlementDetail(kept.detail);
      standings = standings.with(effects.flatMap(({ losses }) => losses));
      totals = addTotals(totals, effects);
    }
  }
  return { batch: nextBatch, standings, totals };
}

/** Throws `file-damaged` unless the file is as it was written, and `other-format` where it is one of another version. */
export function examineStandings(path: string): void {
  readSealed(path, fileKind);
}

function readFile(
  path: string,
  onWarning: (message: string) => void,
): z.infer<typeof fileSchema> | undefined {
  try {
    const content = readSealed(path, fileKind);
    return content === undefined ? undefined : decode(content, fileSchema);
  } catch (error) {
    if (!isMoeError(error)) throw error;
    const what =
      error.code === 'other-format' ? 'was written by another version of this program' : 'is damaged';
    onWarning(`${path} ${what}; the standings are added up again from all settlements.`);
    return undefined;
  }
}
