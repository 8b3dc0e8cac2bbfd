import { existsSync, readFileSync } from 'node:fs';
import { hashSchema, marketIdSchema, type NodeId, nodeIdSchema, textOf } from '@moe/core';
import { z } from 'zod';
import type { KeptPromise } from '../validator/ranking-duty.ts';
import type { WorkTally } from '../validator/work-record.ts';
import { writeDurably } from './durable-file.ts';

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

/** An unreadable file costs a validator its record, which grows again, and one epoch's weights: never more. */
export function readValidatorMemory(path: string, onWarning: (message: string) => void): ValidatorMemory {
  if (!existsSync(path)) return nothingKept();
  try {
    const { promises, record, caught } = memorySchema.parse(JSON.parse(textOf(readFileSync(path))));
    return { promises, record: new Map(record), caught: new Set(caught) };
  } catch {
    onWarning(`The validator's record ${path} is damaged; it begins anew.`);
    return nothingKept();
  }
}

export function writeValidatorMemory(path: string, { promises, record, caught }: ValidatorMemory): void {
  writeDurably(path, JSON.stringify({ promises, record: [...record], caught: [...caught] }));
}

function nothingKept(): ValidatorMemory {
  return { promises: [], record: new Map(), caught: new Set() };
}
