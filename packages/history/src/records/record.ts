import {
  type Hash,
  hashSchema,
  MoeError,
  type NodeId,
  nodeIdSchema,
  schemaProblem,
} from '@market-of-experts/core';
import { z } from 'zod';

/** How one member's entry in a certified job did. Loss and latency are the worker's. */
export interface HistoryOutcome {
  readonly principal: NodeId;
  readonly worker: NodeId;
  /** Loss in units of `1 / unitsPerJob`, whole. */
  readonly lossUnits: number;
  /** Own loss minus the mean of the others in the job (`excessUnits` of the protocol); kept to 1/256 of a unit. */
  readonly excessUnits: number;
  readonly won: boolean;
  /** From the request to the commit, whole milliseconds; 0 when it is not known. */
  readonly latencyMs: number;
}

/** The plain numbers of one datum of a certificate: where it lies and how everybody did. */
export interface HistoryRecord {
  /** Id of its order, by which a record is known. */
  readonly order: Hash;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Cell of the market's partition in which the datum falls. */
  readonly place: number;
  /** Direction of the datum in the shared space: a unit vector times 127. A view when it was read: not to be changed. */
  readonly vector: Int8Array;
  readonly feeMicro: bigint;
  /** Principal whose entry won; null when nobody was paid. */
  readonly winner: NodeId | null;
  readonly outcomes: readonly HistoryOutcome[];
}

export interface RecordLimits {
  readonly dimensions: number;
  readonly unitsPerJob: number;
  readonly outcomesPerRecord: number;
}

/** Steps of a unit in which an excess is kept: sums of whole numbers do not depend on their order. */
export const excessSteps = 256;

const maxPlace = 65_535;
const maxLatencyMs = 3_600_000;
const maxMs = 8_640_000_000_000_000;
/** Rounding to int8 changes the length of a unit vector by a few percent at most. */
const lengthTolerance = 0.1;

/** A check of records that a stranger may have had a hand in: throws `history-record-invalid`. */
export function recordCheck(limits: RecordLimits): (record: HistoryRecord) => void {
  const { dimensions, unitsPerJob, outcomesPerRecord } = limits;
  const outcome = z.object({
    principal: nodeIdSchema,
    worker: nodeIdSchema,
    lossUnits: z.int().min(0).max(unitsPerJob),
    excessUnits: z.number().min(-unitsPerJob).max(unitsPerJob),
    won: z.boolean(),
    latencyMs: z.number().min(0).max(maxLatencyMs),
  });
  const schema = z
    .object({
      order: hashSchema,
      atMs: z.number().min(0).max(maxMs),
      place: z.int().min(0).max(maxPlace),
      vector: z
        .instanceof(Int8Array)
        .refine((vector) => vector.length === dimensions, `must have ${dimensions} numbers`)
        .refine(isUnitDirection, 'must be a unit vector times 127'),
      feeMicro: z
        .bigint()
        .min(0n)
        .max(2n ** 62n),
      winner: nodeIdSchema.nullable(),
      outcomes: z.array(outcome).max(outcomesPerRecord),
    })
    .refine(
      ({ outcomes }) => new Set(outcomes.map(({ worker }) => worker)).size === outcomes.length,
      'names a worker twice',
    )
    .refine(
      ({ outcomes }) => new Set(outcomes.map(({ principal }) => principal)).size === outcomes.length,
      'names a principal twice',
    )
    .refine(
      ({ winner, outcomes }) =>
        (winner === null || outcomes.some(({ principal }) => principal === winner)) &&
        outcomes.every(({ principal, won }) => won === (principal === winner)),
      'names another winner than its outcomes do',
    );
  return (record) => {
    const result = schema.safeParse(record);
    if (result.success) return;
    throw new MoeError(
      'history-record-invalid',
      `A job's record cannot be kept: ${schemaProblem(result.error, 'it')}. Make records from verified certificates only.`,
    );
  };
}

function isUnitDirection(vector: Int8Array): boolean {
  let squares = 0;
  for (let axis = 0; axis < vector.length; axis += 1) squares += vector[axis]! * vector[axis]!;
  return Math.abs(Math.sqrt(squares) / 127 - 1) <= lengthTolerance;
}
