import { hashSchema, marketIdSchema, type NodeId, nodeIdSchema } from '@market-of-experts/core';
import { readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import type { KeptPromise } from '@market-of-experts/roles/validator/ranking-duty';
import type { WorkTally } from '@market-of-experts/roles/validator/work-record';
import { z } from 'zod';

/** What a validator keeps over a restart: promises that it must open, its record, and whom it caught lying. */
export interface ValidatorMemory {
  readonly promises: readonly KeptPromise[];
  readonly record: ReadonlyMap<NodeId, WorkTally>;
  readonly caught: ReadonlySet<NodeId>;
}

const amountSchema = z.number().min(0);
const memorySchema = z.strictObject({
  promises: z
    .array(
      z.strictObject({
        market: marketIdSchema,
        epoch: z.int().min(0),
        weights: z.array(z.tuple([nodeIdSchema, z.int().min(0).max(65_535)])),
        salt: hashSchema,
      }),
    )
    .max(256),
  record: z.array(
    z.tuple([nodeIdSchema, z.strictObject({ jobs: amountSchema, loss: amountSchema, wins: amountSchema })]),
  ),
  caught: z.array(nodeIdSchema).max(256).default([]),
});

/**
 * Throws `file-damaged`: what a validator witnessed decides what it says of experts, so it does not begin anew unasked.
 * `moe doctor --repair` sets such a file aside; the record grows again, and at most one epoch's weights are lost.
 */
export function readValidatorMemory(path: string): ValidatorMemory {
  const kept = readSealedJson(path, memorySchema) ?? { promises: [], record: [], caught: [] };
  return { promises: kept.promises, record: new Map(kept.record), caught: new Set(kept.caught) };
}

export function writeValidatorMemory(path: string, { promises, record, caught }: ValidatorMemory): void {
  writeSealedJson(path, { promises, record: [...record], caught: [...caught] });
}
