import { textOf, verifySignature } from '@market-of-experts/core';
import {
  certificateBytes,
  certificateEffects,
  certifyJob,
  embeddingTask,
  hasWitnessQuorum,
  nearestPlace,
  orderId,
  parsePlaces,
  type Roster,
  replayTranscript,
  type ShownCertificate,
  signedForm,
  verifyTranscriptSignatures,
} from '@market-of-experts/protocol';
import { isShared } from './own-part.ts';
import {
  type Check,
  expect,
  expectSame,
  type FetchBlob,
  type KnownReceipt,
  orderOf,
  same,
} from './receipt-checks.ts';
import { checkShared } from './verify-shared.ts';

/** A job in which experts competed: who was drawn, their losses, the winner, the fee and who was paid follow from its messages. */
export async function checkJob(
  { document, record }: KnownReceipt,
  certificate: ShownCertificate,
  roster: Roster,
  fetchBlob: FetchBlob,
  check: Check,
): Promise<void> {
  if (isShared(certificate.body)) return checkShared({ document, record }, certificate, roster, check);
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
    expect(job.id === body.job, 'The transcript is of another job.');
    const order = orderOf(record);
    expect(
      order !== undefined && document.id === orderId(order),
      'The receipt is of another order than its id says.',
    );
    const { assignment } = transcript.question;
    expect(
      record.entries === undefined ||
        same(
          record.entries.map(({ place }) => place),
          assignment[datumOf(record)]!.second,
        ),
      'The entries are not those of the order.',
    );
    return `the tickets give this seed, the seed these ${job.seats.length} seats and ${job.draw.witnesses.length} witness(es)`;
  });
  if (job === undefined) return;
  const replayed = job;
  await check('losses, winner and fee', async () => {
    const context = await certifyContext(roster, body, fetchBlob);
    const recomputed = certifyJob(replayed, transcript, context);
    expectSame(signedForm(recomputed), signedForm(body), 'Recomputing the job gives another certificate.');
    const losses = body.members.flatMap((member) => member.losses.filter((loss) => loss !== null));
    return `${losses.length} losses recomputed from the revealed vectors; the winner and the fee follow`;
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
      certificateEffects(certificate, datumOf(record), roster),
      'The payments are not what the rules say.',
    );
    return 'fee, shares and slashes follow from the certificate';
  });
}

/** Which of its certificate's data a receipt is of. */
function datumOf({ proof }: KnownReceipt['record']): number {
  return proof.kind === 'certificate' ? proof.data[0]! : 0;
}

/** Places by hash; standings as the witnesses signed them. */
async function certifyContext(
  roster: Roster,
  body: ShownCertificate['body'],
  fetchBlob: FetchBlob,
): Promise<Parameters<typeof certifyJob>[2]> {
  const places = parsePlaces(textOf(await fetchBlob(roster.placesHash)));
  expect(places.hash === roster.placesHash, 'The places do not have the hash in the roster.');
  return {
    task: embeddingTask({
      placeOf: (sum) => nearestPlace(places, sum),
    }),
    standing: (node) => {
      const { standing } = body.members.find(({ worker }) => worker === node)!;
      const tally = ([jobs, excessUnits]: readonly [number, number]) => ({ jobs, excessUnits });
      return { global: tally(standing.global), place: tally(standing.place) };
    },
  };
}
