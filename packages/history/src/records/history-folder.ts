import { join } from 'node:path';
import { MoeError, messageOf } from '@market-of-experts/core';
import { readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import { z } from 'zod';
import type { RecordLimits } from './record.ts';

/** What was forgotten: rows before `firstRow`, and records of before `beforeMs`. */
export interface Forgotten {
  readonly firstRow: number;
  readonly beforeMs: number;
}

export const nothingForgotten: Forgotten = { firstRow: 0, beforeMs: 0 };

const layoutSchema = z.object({
  version: z.literal(1),
  dimensions: z.int(),
  unitsPerJob: z.int(),
  outcomesPerRecord: z.int(),
});
export const forgottenSchema = z.object({ firstRow: z.int().min(0), beforeMs: z.number().min(0) });

/** The small files of a history's folder: how its records are laid out, and what was forgotten. */
export class HistoryFolder {
  readonly #directory: string;

  /** Throws `history-mismatch` when the folder was made with other limits. */
  constructor(directory: string, { dimensions, unitsPerJob, outcomesPerRecord }: RecordLimits) {
    this.#directory = directory;
    const wanted = { version: 1 as const, dimensions, unitsPerJob, outcomesPerRecord };
    const found = this.#read('layout.json', layoutSchema);
    if (found === undefined) this.#write('layout.json', wanted);
    else if (JSON.stringify(found) !== JSON.stringify(wanted))
      throw new MoeError(
        'history-mismatch',
        `The history in ${directory} was made for ${JSON.stringify(found)}, not for ${JSON.stringify(wanted)}. Name another folder, or delete this one: the history is then built again from new certificates.`,
      );
  }

  readForgotten(): Forgotten {
    return this.#read('forgotten.json', forgottenSchema) ?? nothingForgotten;
  }

  writeForgotten(forgotten: Forgotten): void {
    this.#write('forgotten.json', forgotten);
  }

  /** Limits with which a folder was made; undefined for one that holds nothing yet. */
  static limitsOf(directory: string): z.infer<typeof layoutSchema> | undefined {
    return read(directory, 'layout.json', layoutSchema);
  }

  #read<T>(name: string, schema: z.ZodType<T>): T | undefined {
    return read(this.#directory, name, schema);
  }

  #write(name: string, content: object): void {
    writeSealedJson(join(this.#directory, name), { ...content }, 0o644);
  }
}

function read<T>(directory: string, name: string, schema: z.ZodType<T>): T | undefined {
  const path = join(directory, name);
  return readSealedJson(path, schema, (cause) => damagedHistory(path, messageOf(cause), cause));
}

/** A history is made from certificates that are kept elsewhere, so losing it costs knowledge of whom to ask, never money. */
export function damagedHistory(path: string, why: string, cause?: unknown): MoeError {
  return new MoeError(
    'history-corrupt',
    `The history's file ${path} is damaged (${why}). Restore the folder, or set it aside with "moe doctor --repair": the history is then built again from the receipts and from new certificates.`,
    { metadata: { path }, cause },
  );
}

/** Whatever the system refuses while writing, as a sentence: `history-write-failed` (retryable). */
export function writing<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof MoeError) throw cause;
    throw new MoeError(
      'history-write-failed',
      `The history cannot be written: ${messageOf(cause)}. Free space on the disk or check the folder's permissions.`,
      { cause, isRetryable: true },
    );
  }
}
