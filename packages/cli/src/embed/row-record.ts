import { z } from 'zod';
import { usageError } from '../terminal/exit-codes.ts';
import { rowKey } from './output.ts';

const recordSchema = z.object({ id: z.string(), model: z.string(), textHash: z.string() });

/**
 * Key of a row that an earlier run wrote, from the JSON of its fields. Throws `usage` if it is no such row, or
 * is of another model: vectors of two models do not belong in one file.
 */
export function readRowRecord(json: string, place: string, file: string, model: string): string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    value = undefined;
  }
  const record = recordSchema.safeParse(value);
  if (!record.success)
    throw usageError(
      `${place} was not written by \`moe embed\`, so ${file} is left as it is. Name another --output, or start afresh with --overwrite.`,
    );
  if (record.data.model !== model)
    throw usageError(
      `${file} holds vectors of "${record.data.model}", not of "${model}". Name another --output, or start afresh with --overwrite.`,
    );
  return rowKey(record.data.id, record.data.textHash);
}

/** The vectors at hand have another length than those in the file. */
export function dimensionsError(file: string, held: number, wanted: number): Error {
  return usageError(
    `${file} holds vectors of ${held} numbers; these have ${wanted}. Name another --output, or start afresh with --overwrite.`,
  );
}
