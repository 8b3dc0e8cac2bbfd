import { decode, encode, hashBytes, messageOf, schemaProblem } from '@market-of-experts/core';
import { type Roster, rosterSchema, voidEffects } from '@market-of-experts/protocol';
import { z } from 'zod';
import {
  documentSchema,
  type Examination,
  expect,
  expectSame,
  type FetchBlob,
  type ReceiptCheck,
  type ReceiptDocument,
} from './receipt-checks.ts';
import { decodeShownRecord } from './receipt-record.ts';
import { shownFields } from './shown-fields.ts';
import type { ShownRecord } from './text-privacy.ts';
import { checkEdition, editionDocumentSchema } from './verify-edition.ts';
import { checkJob } from './verify-job.ts';
import { checkSettlement } from './verify-settlement.ts';
import { checkTally } from './verify-tally.ts';
import { checkText } from './verify-text.ts';

/** What came of the verification of a receipt. */
export interface Verification {
  /** Whether every check that could be made agrees, and at least one could. */
  readonly isRight: boolean;
  readonly checks: readonly ReceiptCheck[];
}

/**
 * Recomputes a receipt document, of an edition all receipts that it is made of: draw, seals, losses, winner, fee and settlement, from the signed messages in
 * it and the data that they name by hash. Every check runs as far as it can; a check that throws has failed.
 * What it must take on trust: that the roster's keys are those of the ledger, and the standings (earlier
 * certificates) that the witnesses signed.
 */
export async function verifyReceipt(
  receipt: Record<string, unknown>,
  fetchBlob: FetchBlob,
): Promise<Verification> {
  const ofEdition = editionDocumentSchema.safeParse(receipt);
  const checks = ofEdition.success
    ? await checkEdition(ofEdition.data, (part) => checksOf(part, fetchBlob))
    : await checksOf(receipt, fetchBlob);
  return {
    isRight: checks.some(({ isSkipped }) => isSkipped !== true) && checks.every(({ ok }) => ok),
    checks,
  };
}

async function checksOf(
  receipt: Record<string, unknown>,
  fetchBlob: FetchBlob,
): Promise<readonly ReceiptCheck[]> {
  const checks: ReceiptCheck[] = [];
  const check = async (name: string, examine: Examination): Promise<boolean> => {
    try {
      checks.push({ name, ok: true, detail: await examine() });
      return true;
    } catch (error) {
      checks.push({ name, ok: false, detail: messageOf(error) });
      return false;
    }
  };
  let document: ReceiptDocument | undefined;
  let record: ShownRecord | undefined;
  await check('record', () => {
    document = readDocument(receipt);
    record = decodeShownRecord(new Uint8Array(Buffer.from(document.record, 'base64')));
    return `a ${record.proof.kind} of ${new Date(record.atMs).toISOString()}`;
  });
  if (document === undefined || record === undefined) return checks;
  const known = { document, record };
  const { proof } = record;
  await check('shown', () => assertShown(known.document, known.record));
  if (proof.kind === 'void') {
    await check('void', () => {
      expect(known.document.id === known.record.effects.proof, 'The id is that of another order.');
      expectSame(known.record.effects, voidEffects(proof.body), 'A void moves nothing; this one does.');
      return 'nothing was paid';
    });
    await checkSettlement(known, undefined, check);
    return checks;
  }
  let roster: Roster | undefined;
  await check('roster', async () => {
    const bytes = await fetchBlob(proof.roster);
    expect(hashBytes(bytes) === proof.roster, 'The roster does not have its hash.');
    roster = decode(bytes, rosterSchema);
    return `${roster.experts.length} experts, ${roster.validators.length} validator(s), as its hash says`;
  });
  if (roster === undefined) return checks;
  if (proof.kind === 'tally') await checkTally(known, roster, check);
  else await checkJob(known, proof.certificate, roster, fetchBlob, check);
  await checkSettlement(known, roster, check);
  checks.push(checkText(known));
  return checks;
}

/** The plain fields must be what the record says. Names stand for ids: they come from the document itself. */
function assertShown(document: ReceiptDocument, record: ShownRecord): string {
  const { settlement, record: _, ...fields } = document;
  const names = z.record(z.string(), z.string()).catch({}).parse(fields.names);
  const worker = z.object({ name: z.string() }).optional().catch(undefined).parse(fields.worker);
  const expected = shownFields(document.id, record, (node) => names[node] ?? worker?.name ?? '');
  for (const name of new Set([...Object.keys(fields), ...Object.keys(expected)]))
    expect(
      shown(fields[name]) === shown(expected[name]),
      `The field "${name}" does not say what the record holds.`,
    );
  expect(settlement?.batch === record.batch, 'The batch shown is not the one recorded.');
  return `${Object.keys(fields).length} plain fields say what the record holds`;
}

function readDocument(receipt: Record<string, unknown>): ReceiptDocument {
  expect(receipt.status !== 'open', 'The receipt is open: its tally is signed within a second. Ask again.');
  const { data, error } = documentSchema.safeParse(receipt);
  if (error !== undefined)
    throw new Error(`This is no receipt of this version: ${schemaProblem(error, 'it')}.`);
  return data;
}

/** Canonical text of a JSON value, whatever the order of its fields. */
function shown(value: unknown): string {
  return Buffer.from(encode(JSON.parse(JSON.stringify(value ?? null)))).toString('base64');
}
