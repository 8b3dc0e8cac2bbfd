import { accountIdSchema, isMoeError, nodeIdSchema } from '@market-of-experts/core';
import { readSealedJson, writeSealedJson } from '@market-of-experts/core/files';
import type { NotedRange, ProposalNotes } from '@market-of-experts/roles/settlement/noted-proposal';
import { maxOrdersPerBatch } from '@market-of-experts/roles/settlement/settlement-proposal';
import { z } from 'zod';

const numberSchema = z.int().min(0);
const rowSchema = z.strictObject({
  batch: numberSchema,
  gateway: nodeIdSchema,
  client: accountIdSchema,
  fromSeq: numberSchema,
  toSeq: numberSchema,
  voids: z.array(numberSchema).max(maxOrdersPerBatch),
});
const fileSchema = z.strictObject({ proposed: z.array(rowSchema).max(4_096) });
/** Orders of one client in what was proposed for a gateway. */
type Row = z.infer<typeof rowSchema>;

/**
 * What a validator has proposed in place of gateways, in a file. Without it nothing is lost but a turn: its signing guard, and those
 * of the others, know what they signed. So one that is damaged is begun anew, with a warning.
 */
export function standInFile(path: string, onWarning: (message: string) => void): ProposalNotes {
  const write = (proposed: readonly Row[]): void => writeSealedJson(path, { proposed });
  const read = (): readonly Row[] => {
    try {
      return readStandInFile(path);
    } catch (error) {
      if (!isMoeError(error, 'file-damaged')) throw error;
      onWarning(
        `${error.message} It is begun anew: another validator may have to settle in place of this one.`,
      );
      write([]);
      return [];
    }
  };
  return {
    async last(gateway) {
      const rows = read().filter((row) => row.gateway === gateway);
      if (rows[0] === undefined) return undefined;
      return { batch: rows[0].batch, gateway, orders: rows.map(rangeOf) };
    },
    async save({ batch, gateway, orders }) {
      write([
        ...read().filter((row) => row.batch === batch && row.gateway !== gateway),
        ...orders.map(({ client, fromSeq, toSeq, voids }) => ({
          batch,
          gateway,
          client,
          fromSeq,
          toSeq,
          voids: [...voids],
        })),
      ]);
    },
  };
}

function rangeOf({ client, fromSeq, toSeq, voids }: Row): NotedRange {
  return { client, fromSeq, toSeq, voids };
}

/** Throws `file-damaged`. */
export function readStandInFile(path: string): readonly Row[] {
  return readSealedJson(path, fileSchema)?.proposed ?? [];
}
