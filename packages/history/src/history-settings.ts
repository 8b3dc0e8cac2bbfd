import { MoeError, schemaProblem } from '@market-of-experts/core';
import { z } from 'zod';
import type { AnnIndexKind } from './ann/ann-index.ts';
import { usearchIndexKind } from './ann/usearch-index.ts';
import type { RecordLimits } from './records/record.ts';

export interface HistoryInit {
  /** Units of a whole loss: `lossUnitsPerDatum` of the protocol. */
  readonly unitsPerJob: number;
  /** Length of the vectors. */
  readonly dimensions: number;
  /** Above this the records that came first are forgotten; default 1,000,000. */
  readonly maxRecords?: number;
  /** Outcomes that one record can hold, at most 32; default 8. Fixed once the folder is made. */
  readonly outcomesPerRecord?: number;
  /** Candidates that a search asks of the index, at least; default 96. More find more of the nearest, and take longer. */
  readonly candidates?: number;
  /** Default: usearch. */
  readonly indexKind?: AnnIndexKind;
}

const defaultOutcomesPerRecord = 8;
const defaultMaxRecords = 1_000_000;
const defaultCandidates = 96;
/** Most that a search gives. */
export const maxNeighbours = 4_096;

const settingsSchema = z.object({
  unitsPerJob: z.int().min(1).max(1_000_000),
  dimensions: z.int().min(1).max(4_096).optional(),
  maxRecords: z.int().min(1).max(100_000_000).optional(),
  outcomesPerRecord: z.int().min(1).max(32).optional(),
  candidates: z.int().min(1).max(maxNeighbours).optional(),
});

/** The settings of a history, the defaults filled in. */
export interface HistorySettings {
  readonly limits: RecordLimits;
  readonly maxRecords: number;
  readonly candidates: number;
  readonly indexKind: AnnIndexKind;
}

/** Throws `history-settings-invalid`. */
export function historySettings(init: HistoryInit): HistorySettings {
  const { success, error } = settingsSchema.safeParse(init);
  if (!success)
    throw new MoeError('history-settings-invalid', `The history cannot be opened: ${schemaProblem(error)}.`);
  return {
    limits: {
      dimensions: init.dimensions,
      unitsPerJob: init.unitsPerJob,
      outcomesPerRecord: init.outcomesPerRecord ?? defaultOutcomesPerRecord,
    },
    maxRecords: init.maxRecords ?? defaultMaxRecords,
    candidates: init.candidates ?? defaultCandidates,
    indexKind: init.indexKind ?? usearchIndexKind(),
  };
}
