import {
  decode,
  encode,
  type Hash,
  hashBytes,
  messageOf,
  type NodeId,
  schemaProblem,
  textOf,
  verifyBody,
  verifySignature,
} from '@market-of-experts/core';
import { chunkPieces, parsePlaces } from '@market-of-experts/history';
import {
  type Certificate,
  calibrationRoot,
  certificateBytes,
  certificateEffects,
  certifyJob,
  embeddingTask,
  hasWitnessQuorum,
  int16FromBytes,
  nearestPlace,
  type Roster,
  replayTranscript,
  rosterSchema,
  type Transcript,
  tallyDomain,
  tallyEffects,
  tallyItemsHash,
  verifyTranscriptSignatures,
  voidEffects,
} from '@market-of-experts/protocol';
import { z } from 'zod';
import {
  type Check,
  documentSchema,
  expect,
  expectSame,
  type Finding,
  type KnownReceipt,
  type ReceiptCheck,
  type ReceiptDocument,
  same,
} from './receipt-checks.ts';
import { decodeShownRecord } from './receipt-record.ts';
import { sessionId } from './session-id.ts';
import { receiptIdParts, shownFields } from './shown-fields.ts';
import type { ShownRecord } from './text-privacy.ts';
import { checkSettlement } from './verify-settlement.ts';
import { checkText } from './verify-text.ts';

export type { ReceiptCheck };

type FetchBlob = (hash: string) => Promise<Uint8Array>;

function readDocument(receipt: Record<string, unknown>): ReceiptDocument {
  expect(receipt.status !== 'open', 'The receipt is open: its tally is signed within a second. Ask again.');
  const { data, error } = documentSchema.safeParse(receipt);
  if (error !== undefined)
    throw new Error(`This is no receipt of this version: ${schemaProblem(error, 'it')}.`);
  return data;
}

/**
 * Recomputes a receipt document: draw, seals, losses, winner, fee and settlement, from the signed messages in
 * it and the data that they name by hash. Every check runs as far as it can; a check that throws has failed.
 * What it must take on trust: that the roster's keys are those of the ledger, and the standings (earlier
 * certificates) that the witnesses signed.
 */
export async function verifyReceipt(
  receipt: Record<string, unknown>,
  fetchBlob: FetchBlob,
): Promise<{ readonly checks: readonly ReceiptCheck[] }> {
  const checks: ReceiptCheck[] = [];
  const check = async (name: string, finding: Finding): Promise<boolean> => {
    try {
      checks.push({ name, ok: true, detail: await finding() });
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
  if (document === undefined || record === undefined) return { checks };
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
    return { checks };
  }
  let roster: Roster | undefined;
  await check('roster', async () => {
    const bytes = await fetchBlob(proof.roster);
    expect(hashBytes(bytes) === proof.roster, 'The roster does not have its hash.');
    roster = decode(bytes, rosterSchema);
    return `${roster.experts.length} experts, ${roster.validators.length} validator(s), as its hash says`;
  });
  if (roster === undefined) return { checks };
  if (proof.kind === 'tally') await checkTally(known, roster, check);
  else await checkJob(known, proof.certificate, roster, fetchBlob, check);
  await checkSettlement(known, roster, check);
  checks.push(checkText(known));
  return { checks };
}

/** The plain fields must be what the record says. Names stand for ids: they come from the document itself. */
function assertShown(document: ReceiptDocument, record: ShownRecord): string {
  const { settlement, calibration: _, record: __, ...fields } = document;
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

async function checkJob(
  { document, record }: KnownReceipt,
  certificate: Certificate,
  roster: Roster,
  fetchBlob: FetchBlob,
  check: Check,
): Promise<void> {
  const { body } = certificate;
  const transcript = record.transcript;
  await check('signatures', async () => {
    expect(transcript !== undefined, 'The receipt has no transcript.');
    await verifyTranscriptSignatures(transcript!);
    const { commits, fullCommits } = transcript!;
    return `order, cut and ${commits.length + fullCommits.length} commits are signed by their authors`;
  });
  if (transcript === undefined) return;
  let job: ReturnType<typeof replayTranscript> | undefined;
  await check('draw', () => {
    expectSame(
      record.proof.kind === 'certificate' && record.proof.tickets,
      transcript.tickets,
      'The tickets of the proof are not those of the job.',
    );
    job = replayTranscript(transcript, roster);
    expect(job.id === body.job && document.id === body.job, 'The transcript is of another job.');
    return `the tickets give this seed, the seed these ${job.seats.length} seats and ${job.draw.witnesses.length} witness(es)`;
  });
  if (job === undefined) return;
  const replayed = job;
  await check('losses, winner and fee', async () => {
    const context = await certifyContext(document, transcript, roster, body, fetchBlob);
    const recomputed = certifyJob(replayed, transcript, context);
    expectSame(recomputed, body, 'Recomputing the job gives another certificate.');
    const scored = body.members.filter(({ loss }) => loss !== null).length;
    return `${scored} losses recomputed from the revealed vectors; the winner and the fee follow`;
  });
  await check('witnesses', () => {
    const bytes = certificateBytes(certificate);
    const signers = certificate.signatures
      .filter(({ by, signature }) => verifySignature(by, bytes, signature))
      .map(({ by }) => by);
    expect(
      hasWitnessQuorum(signers, replayed.draw.witnesses),
      'Fewer than two thirds of the witnesses signed.',
    );
    return `${signers.length} of ${replayed.draw.witnesses.length} signed the certificate`;
  });
  await check('payment', () => {
    expectSame(
      record.effects,
      certificateEffects(certificate, roster),
      'The payments are not what the rules say.',
    );
    return 'fee, shares and slashes follow from the certificate';
  });
}

/** Calibration vectors and places by hash; standings as the witnesses signed them. */
async function certifyContext(
  document: ReceiptDocument,
  transcript: Transcript,
  roster: Roster,
  body: Certificate['body'],
  fetchBlob: FetchBlob,
): Promise<Parameters<typeof certifyJob>[2]> {
  const places = parsePlaces(textOf(await fetchBlob(roster.placesHash)));
  expect(places.hash === roster.placesHash, 'The places do not have the hash in the roster.');
  const judges = transcript.reveals.map(({ worker }) => roster.experts.find(({ node }) => node === worker)!);
  const available = Math.min(...judges.map(({ calibrationCount }) => calibrationCount));
  const vectors = new Map<NodeId, Int16Array>();
  const members = new Set<string>(body.members.map(({ worker }) => worker));
  const listed = Object.keys(document.calibration ?? {});
  expect(
    listed.length === members.size && listed.every((node) => members.has(node)),
    'Calibration vectors are listed for others than the members of the shard.',
  );
  for (const { node, calibrationCount, calibrationRoot: root } of roster.experts)
    expect(
      !members.has(node) || calibrationRoot(chunksOf(document, node, calibrationCount)) === root,
      `The calibration chunks of ${node.slice(0, 12)} are not those in the roster.`,
    );
  for (const { node, calibrationCount } of judges) {
    const chunks = chunksOf(document, node, calibrationCount);
    const blobs: Uint8Array[] = [];
    for (const hash of chunks.slice(0, Math.ceil(available / chunkPieces))) {
      const blob = await fetchBlob(hash);
      expect(hashBytes(blob) === hash, `A calibration chunk of ${node.slice(0, 12)} does not have its hash.`);
      blobs.push(blob);
    }
    vectors.set(node, int16FromBytes(new Uint8Array(Buffer.concat(blobs))));
  }
  const { dimensions } = roster.parameters;
  return {
    task: embeddingTask({
      calibration: (node, index) => vectors.get(node)!.subarray(index * dimensions, (index + 1) * dimensions),
      placeOf: (sum) => nearestPlace(places, sum),
    }),
    standing: (node) => {
      const { standing } = body.members.find(({ worker }) => worker === node)!;
      const tally = ([jobs, excessUnits]: readonly [number, number]) => ({ jobs, excessUnits });
      return { global: tally(standing.global), place: tally(standing.place) };
    },
  };
}

/** Chunks published since the job come after those that the roster names. */
function chunksOf(document: ReceiptDocument, node: NodeId, calibrationCount: number): Hash[] {
  return (document.calibration?.[node] ?? []).slice(0, calibrationCount / chunkPieces) as Hash[];
}

async function checkTally({ document, record }: KnownReceipt, roster: Roster, check: Check): Promise<void> {
  if (record.proof.kind !== 'tally') return;
  const { client, worker } = record.proof.tally;
  await check('tally', () => {
    expect(
      client.by === client.body.client && verifyBody(tallyDomain, client),
      'The client did not sign the tally.',
    );
    expect(
      worker.by === client.body.worker && same(worker.body, client.body) && verifyBody(tallyDomain, worker),
      'The expert did not sign the tally.',
    );
    return `${client.body.requests} request(s), signed by the client and the expert`;
  });
  await check('item', () => {
    const items = record.items ?? [];
    expect(tallyItemsHash(items) === client.body.items, 'The requests are not those of the tally.');
    const fees = items.reduce((sum, { feeMicro }) => sum + feeMicro, 0n);
    expect(fees === client.body.feeMicro, 'The fees of the requests do not add up to the tally.');
    const parts = receiptIdParts(document.id);
    expect(parts?.order === sessionId(client.body, record.atMs), 'The id is that of another order.');
    return parts!.item === undefined
      ? `${items.length} requests`
      : `request ${parts!.item + 1} of ${items.length}`;
  });
  await check('payment', () => {
    expectSame(record.effects, tallyEffects(client.body, roster), 'The payments are not what the rules say.');
    return 'the shares follow from the tally';
  });
}

/** Canonical text of a JSON value, whatever the order of its fields. */
function shown(value: unknown): string {
  return Buffer.from(encode(JSON.parse(JSON.stringify(value ?? null)))).toString('base64');
}
