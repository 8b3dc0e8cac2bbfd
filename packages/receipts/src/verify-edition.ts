import { messageOf } from '@market-of-experts/core';
import { type Edition, editionHash, editionName, readEdition } from '@market-of-experts/protocol';
import { z } from 'zod';
import { expect, expectSame, type ReceiptCheck } from './receipt-checks.ts';
import { editionReceiptParts } from './receipt-id.ts';

const partSchema = z.looseObject({ id: z.string(), status: z.string(), feeMicro: z.string() });
const workedSchema = partSchema.extend({ client: z.string(), worker: z.object({ id: z.string() }) });
/** A certified job, or one that came to nothing; no tally. */
const examSchema = partSchema.extend({ client: z.string(), mode: z.literal('shard') });

/** What a receipt of a text says beside the receipts that it is made of. */
export const editionDocumentSchema = z.strictObject({
  id: z.string(),
  mode: z.literal('edition'),
  status: z.string(),
  edition: z.string(),
  editionRecord: z.base64(),
  feeMicro: z.string(),
  missing: z.array(z.strictObject({ id: z.string(), name: z.string() })),
  parts: z.array(z.record(z.string(), z.unknown())).max(8),
  exam: z.record(z.string(), z.unknown()).optional(),
  unsigned: z.array(z.string()).min(1).max(8).optional(),
});
export type EditionDocument = z.infer<typeof editionDocumentSchema>;

/** Checks a receipt alone. */
type CheckPart = (receipt: Record<string, unknown>) => Promise<readonly ReceiptCheck[]>;

/**
 * Checks the receipt of a text that an edition served: that the id names this edition, that the edition names these experts, that all
 * worked for one client, and every receipt that it is made of. That their texts are one is seen by who has the text alone.
 */
export async function checkEdition(
  document: EditionDocument,
  checkPart: CheckPart,
): Promise<readonly ReceiptCheck[]> {
  const checks: ReceiptCheck[] = [];
  try {
    checks.push({ name: 'edition', ok: true, detail: assertEdition(document) });
  } catch (error) {
    checks.push({ name: 'edition', ok: false, detail: messageOf(error) });
  }
  const under = async (label: string, receipt: Record<string, unknown>): Promise<void> => {
    for (const check of await checkPart(receipt)) checks.push({ ...check, name: `${label}: ${check.name}` });
  };
  for (const [index, part] of document.parts.entries()) await under(`part ${index + 1}`, part);
  if (document.exam !== undefined) await under('exam', document.exam);
  return checks;
}

function assertEdition(document: EditionDocument): string {
  expect(
    document.status !== 'open',
    'The receipt is open: its tallies are signed within a second. Ask again.',
  );
  const edition: Edition = readEdition(new Uint8Array(Buffer.from(document.editionRecord, 'base64')));
  const named = editionReceiptParts(document.id);
  expect(named?.edition === editionHash(edition), 'The edition is not the one that the id names.');
  expect(document.edition === editionName(edition), 'The edition has another name.');
  const parts = z.array(workedSchema).parse(document.parts);
  const exam = examSchema.optional().parse(document.exam);
  const all = [...parts, ...(exam === undefined ? [] : [exam])];
  expectSame(
    all.map(({ id }) => id),
    named!.receipts.filter((id) => document.unsigned?.includes(id) !== true),
    'The receipts are not those that the id names.',
  );
  expect(new Set(named!.receipts).size === named!.receipts.length, 'A receipt is named twice.');
  const workers = new Set(parts.map(({ worker }) => worker.id));
  const nodes = edition.parts.map(({ node }) => node);
  expectSame(
    nodes.filter((node) => workers.has(node)),
    parts.map(({ worker }) => worker.id),
    'Others worked than the edition names, or not in its order.',
  );
  expectSame(
    nodes.filter((node) => !workers.has(node)),
    document.missing.map(({ id }) => id),
    'Other parts are missing than the receipt says.',
  );
  expect(new Set(all.map(({ client }) => client)).size <= 1, 'The parts worked for several clients.');
  expect(
    document.unsigned?.every((id) => named!.receipts.includes(id)) !== false,
    'A receipt is missing that the id does not name.',
  );
  expect(
    document.status === (all.every(({ status }) => status === 'settled') ? 'settled' : 'pending'),
    'The status is not that of the parts.',
  );
  const feeMicro = all.reduce((sum, part) => sum + BigInt(part.feeMicro), 0n);
  expect(document.feeMicro === String(feeMicro), 'The fee is not the sum of the fees of the parts.');
  const missing = document.missing.length === 0 ? '' : `; ${document.missing.length} missing or not paid`;
  return `${editionName(edition)} names the ${parts.length} expert(s) that worked${missing}`;
}
