import { accountIdSchema, isMoeError, nodeIdSchema } from '@market-of-experts/core';
import { readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import { maxOrdersPerBatch } from '@market-of-experts/roles/settlement/settlement-proposal';
import type { StandInNote, StandInNotes } from '@market-of-experts/roles/validator/overdue-orders';
import { z } from 'zod';

const numberSchema = z.int().min(0);
const fileSchema = z.strictObject({
  proposed: z
    .array(
      z.strictObject({
        batch: numberSchema,
        gateway: nodeIdSchema,
        client: accountIdSchema,
        fromSeq: numberSchema,
        toSeq: numberSchema,
        voids: z.array(numberSchema).max(maxOrdersPerBatch),
      }),
    )
    .max(4_096),
});

/**
 * What a validator has proposed in place of gateways, in a file. Without it nothing is lost but a turn: its signing guard, and those
 * of the others, know what they signed. So one that is damaged is begun anew, with a warning.
 */
export function standInFile(path: string, onWarning: (message: string) => void): StandInNotes {
  const save = (proposed: readonly StandInNote[]): void => writeSealedJson(path, { proposed });
  return {
    load() {
      try {
        return readStandInFile(path);
      } catch (error) {
        if (!isMoeError(error, 'file-damaged')) throw error;
        onWarning(
          `${error.message} It is begun anew: another validator may have to settle in place of this one.`,
        );
        save([]);
        return [];
      }
    },
    save,
  };
}

/** Throws `file-damaged`. */
export function readStandInFile(path: string): readonly StandInNote[] {
  return readSealedJson(path, fileSchema)?.proposed ?? [];
}
