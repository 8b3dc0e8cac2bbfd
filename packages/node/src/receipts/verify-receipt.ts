import {
  decode,
  encode,
  type Hash,
  hashBytes,
  hashOf,
  messageOf,
  type NodeId,
  verifyBody,
  verifySignature,
} from '@moe/core';
import { chunkPieces, parsePlaces } from '@moe/history';
import {
  type Certificate,
  calibrationRoot,
  certificateDomain,
  certificateEffects,
  certifyJob,
  type Effects,
  hasWitnessQuorum,
  innerSignatures,
  int16FromBytes,
  nearestPlace,
  netSettlement,
  parseSettlementDetail,
  type Roster,
  replayTranscript,
  rosterSchema,
  type SettlementBody,
  settlementBodySchema,
  type Transcript,
  tallyDomain,
  tallyEffects,
  tallyItemsHash,
  verifyTranscriptSignatures,
  voidDomain,
  voidEffects,
} from '@moe/protocol';
import { z } from 'zod';
import { decodeRecord, type ReceiptRecord } from './receipt-record.ts';
import { receiptIdParts, shownFields } from './shown-fields.ts';

/** One thing that was recomputed, and whether it agrees with the receipt. */
export interface ReceiptCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, in a sentence. */
  readonly detail: string;
}

type FetchBlob = (hash: string) => Promise<Uint8Array>;
/** Says what was found; throws what is wrong. */
type Finding = () => string | Promise<string>;

const documentSchema = z.looseObject({
  id: z.string(),
  record: z.base64(),
  settlement: z
    .object({ batch: z.int(), detail: z.base64().optional(), signed: z.base64().optional() })
    .optional(),
  calibration: z.record(z.string(), z.array(z.string())).optional(),
});
type Document = z.infer<typeof documentSchema>;

function readDocument(receipt: Record<string, unknown>): Document {
  expect(receipt.status !== 'open', 'The receipt is open: its tally is signed within a second. Ask again.');
  const { data, error } = documentSchema.safeParse(receipt);
  const issue = error?.issues[0];
  expect(
    data !== undefined,
    `This is no receipt of this version: ${issue?.path.join('.') || 'it'}: ${issue?.message}.`,
  );
  return data!;
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
  let document: Document | undefined;
  let record: ReceiptRecord | undefined;
  await check('record', () => {
    document = readDocument(receipt);
    record = decodeRecord(new Uint8Array(Buffer.from(document.record, 'base64')));
    return `a ${record.proof.kind} of ${new Date(record.atMs).toISOString()}`;
  });
  if (document === undefined || record === undefined) return { checks };
  const known = { document, record };
  const { proof } = record;
  await check('shown', () => assertShown(known.document, known.record));
  if (proof.kind === 'void') {
    await check('void', () => {
      expect(proof.signed.by === proof.signed.body.client, 'It is not signed by the client.');
      expect(verifyBody(voidDomain, proof.signed), 'The signature of the client is not valid.');
      expect(known.document.id === known.record.effects.proof, 'The id is that of another order.');
      expectSame(
        known.record.effects,
        voidEffects(proof.signed.body),
        'A void moves nothing; this one does.',
      );
      return 'signed by the client; nothing was paid';
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
  return { checks };
}

interface Known {
  readonly document: Document;
  readonly record: ReceiptRecord;
}
type Check = (name: string, finding: Finding) => Promise<boolean>;

/** The plain fields must be what the record says. Names stand for ids: they come from the document itself. */
function assertShown(document: Document, record: ReceiptRecord): string {
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
  { document, record }: Known,
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
    const bytes = encode([certificateDomain, body]);
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
  document: Document,
  transcript: Transcript,
  roster: Roster,
  body: Certificate['body'],
  fetchBlob: FetchBlob,
): Promise<Parameters<typeof certifyJob>[2]> {
  const places = parsePlaces(Buffer.from(await fetchBlob(roster.placesHash)).toString('utf8'));
  expect(places.hash === roster.placesHash, 'The places do not have the hash in the roster.');
  const judges = transcript.reveals.map(
    ({ principal }) => roster.experts.find(({ node }) => node === principal)!,
  );
  const available = Math.min(...judges.map(({ calibrationCount }) => calibrationCount));
  const vectors = new Map<NodeId, Int16Array>();
  const members = new Set<string>(body.members.map(({ principal }) => principal));
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
    calibration: (node, index) => vectors.get(node)!.subarray(index * dimensions, (index + 1) * dimensions),
    placeOf: (sum) => nearestPlace(places, sum),
    standing: (node) => {
      const { standing } = body.members.find(({ principal }) => principal === node)!;
      const tally = ([jobs, lossUnits]: readonly [number, number]) => ({ jobs, lossUnits });
      return { global: tally(standing.global), place: tally(standing.place) };
    },
  };
}

/** Chunks published since the job come after those that the roster names. */
function chunksOf(document: Document, node: NodeId, calibrationCount: number): Hash[] {
  return (document.calibration?.[node] ?? []).slice(0, calibrationCount / chunkPieces) as Hash[];
}

async function checkTally({ document, record }: Known, roster: Roster, check: Check): Promise<void> {
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
    const { network, market, client: account, clientSeq } = client.body;
    const parts = receiptIdParts(document.id);
    expect(
      parts?.order === hashOf('moe/session/1', [network, market, account, clientSeq]),
      'The id is that of another order.',
    );
    return parts!.item === undefined
      ? `${items.length} requests`
      : `request ${parts!.item + 1} of ${items.length}`;
  });
  await check('payment', () => {
    expectSame(record.effects, tallyEffects(client.body, roster), 'The payments are not what the rules say.');
    return 'the shares follow from the tally';
  });
}

/** Without a roster (a void names none) it is not checked who the validators were. */
async function checkSettlement(
  { document, record }: Known,
  roster: Roster | undefined,
  check: Check,
): Promise<void> {
  if (record.batch === undefined) return;
  await check('settlement', () => {
    const { detail, signed } = document.settlement ?? {};
    expect(detail !== undefined && signed !== undefined, 'The batch is no longer kept here.');
    const detailBytes = new Uint8Array(Buffer.from(detail!, 'base64'));
    const { settlement, signatures } = decode(
      new Uint8Array(Buffer.from(signed!, 'base64')),
      signedSettlementSchema,
    ) as { settlement: SettlementBody; signatures: { node: NodeId; signature: Uint8Array }[] };
    expect(
      hashBytes(detailBytes) === settlement.root,
      'The effects are not those that the settlement names.',
    );
    const effects = parseSettlementDetail(detailBytes);
    expect(
      effects.some((each) => same(each, record.effects)),
      'The settlement does not hold this receipt.',
    );
    expect(settlement.batch === record.batch, 'The settlement is another batch than the one recorded.');
    assertNetting(settlement, effects);
    assertValidators(settlement, signatures, roster);
    return `batch ${settlement.batch} pays it among ${effects.length} order(s); the sums are right and ${roster === undefined ? `${signatures.length} signed` : 'the validators signed'}`;
  });
}

const signedSettlementSchema = z.object({
  settlement: settlementBodySchema,
  signatures: z.array(z.object({ node: z.string(), signature: z.instanceof(Uint8Array) })).max(256),
});

function assertNetting(settlement: SettlementBody, effects: readonly Effects[]): void {
  const from = new Map(settlement.orders.map(({ client, fromSeq }) => [client as string, fromSeq]));
  const netted = netSettlement(effects, { ...settlement, nextOrderSeq: (client) => from.get(client) ?? -1 });
  expectSame(netted, settlement, 'The settlement does not pay the sum of its effects.');
}

/** Without a roster it is only known that somebody signed. */
function assertValidators(
  settlement: SettlementBody,
  signatures: readonly { readonly node: NodeId; readonly signature: Uint8Array }[],
  roster: Roster | undefined,
): void {
  const signers = new Set<string>(
    innerSignatures({ kind: 'settle', settlement, signatures } as Parameters<typeof innerSignatures>[0])
      .filter(({ by, bytes, signature }) => verifySignature(by, bytes, signature))
      .map(({ by }) => by),
  );
  if (roster === undefined) {
    expect(signers.size > 0, 'No signature on the settlement holds.');
    return;
  }
  const total = roster.validators.reduce((sum, { stakeMicro }) => sum + stakeMicro, 0n);
  const signed = roster.validators
    .filter(({ node }) => signers.has(node))
    .reduce((sum, { stakeMicro }) => sum + stakeMicro, 0n);
  expect(total > 0n && 3n * signed >= 2n * total, 'Validators with two thirds of the stake did not sign it.');
}

/** Canonical text of a JSON value, whatever the order of its fields. */
function shown(value: unknown): string {
  return Buffer.from(encode(JSON.parse(JSON.stringify(value ?? null)))).toString('base64');
}

function same(a: unknown, b: unknown): boolean {
  return Buffer.compare(encode(a), encode(b)) === 0;
}

function expectSame(a: unknown, b: unknown, otherwise: string): void {
  expect(same(a, b), otherwise);
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
