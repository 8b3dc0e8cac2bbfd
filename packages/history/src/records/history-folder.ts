import { MoeError, messageOf, textOf } from '@moe/core';
import { z } from 'zod';
import { BlobFiles } from '../blob-files.ts';
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
  readonly #files: BlobFiles;

  /** Throws `history-mismatch` when the folder was made with other limits. */
  constructor(directory: string, { dimensions, unitsPerJob, outcomesPerRecord }: RecordLimits) {
    this.#files = new BlobFiles(directory);
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

  #read<T>(name: string, schema: z.ZodType<T>): T | undefined {
    const bytes = this.#files.readNamed(name);
    if (bytes === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(textOf(bytes)));
    } catch (cause) {
      throw new MoeError(
        'history-corrupt',
        `The history's file ${name} is damaged (${messageOf(cause)}). Delete the folder: the history is then built again from new certificates.`,
        { cause },
      );
    }
  }

  #write(name: string, content: unknown): void {
    this.#files.writeNamed(name, Buffer.from(JSON.stringify(content)));
  }
}
