import { verifyBody, verifySignature } from '@market-of-experts/core';
import {
  areTicketsDue,
  certificateBytes,
  certificateEffects,
  commitDomain,
  drawShard,
  hasWitnessQuorum,
  jobIdOfOrders,
  jobSeed,
  listHash,
  orderDomain,
  orderId,
  type Roster,
  type ShownCertificate,
} from '@market-of-experts/protocol';
import { type Check, expect, expectSame, type KnownReceipt } from './receipt-checks.ts';

/**
 * A job in which other clients had orders, too: its receipt holds nothing of theirs, so it cannot be repeated. What its witnesses signed
 * is checked, who they were, that the order was among the job's, and that the experts sealed answers to a list with its entries.
 */
export async function checkShared(
  { document, record }: KnownReceipt,
  certificate: ShownCertificate,
  roster: Roster,
  check: Check,
): Promise<void> {
  const { proof, part, entries } = record;
  if (proof.kind !== 'certificate') return;
  const { body } = certificate;
  const [datum] = proof.data;
  const own = body.data[datum!];
  const drawn = () => drawShard(roster, jobSeed(roster.beacon, body.job, proof.tickets));
  await check('order', () => {
    expect(record.transcript === undefined, 'The receipt shows what other clients ordered.');
    expect(proof.data.length === 1 && own !== undefined, 'The receipt is of no order of its certificate.');
    expect(document.id === own!.order, 'The receipt is of another order than its id says.');
    expect(part !== undefined, 'The receipt does not hold its order.');
    const { order } = part!;
    expect(
      order.by === order.body.client && verifyBody(orderDomain, order),
      'The client did not sign the order.',
    );
    expect(orderId(order.body) === own!.order, 'The order is not the one that was certified.');
    expect(
      order.body.client === own!.client && order.body.clientSeq === own!.clientSeq,
      'The certificate has another client or number than the order.',
    );
    return `signed by its client, one of ${body.data.length} of the job`;
  });
  await check('draw', () => {
    expect(jobIdOfOrders(body.data.map(({ order }) => order)) === body.job, 'The orders are of another job.');
    expect(proof.roster === body.roster, 'The certificate is about another roster.');
    expect(areTicketsDue(roster, body.job, proof.tickets), 'The tickets are not those of the job.');
    const { members, newcomers } = drawn();
    expectSame(
      body.members.map(({ principal }) => principal),
      [...members, ...newcomers],
      'The members are not those that the tickets draw.',
    );
    return `the tickets give a seed, the seed these ${body.members.length} seats`;
  });
  await check('entries', () => {
    expect(part !== undefined, 'The receipt does not say what was asked.');
    const { list, assignment, commits } = part!;
    const hash = listHash(list, assignment);
    const principals = new Set(body.members.map(({ principal }) => principal));
    for (const commit of commits)
      expect(
        commit.by === commit.body.worker &&
          commit.body.job === body.job &&
          commit.body.stage === 'full' &&
          commit.body.list === hash &&
          principals.delete(commit.body.principal) &&
          verifyBody(commitDomain, commit),
        'A seal is not signed by its expert, or about another list.',
      );
    const scored = body.members.filter(({ losses }) => losses.some((loss) => loss !== null));
    expect(
      scored.every(({ principal }) => !principals.has(principal)),
      'An expert was scored that has sealed no answers.',
    );
    const whose =
      entries === undefined
        ? 'whose entries they are is shown to who paid'
        : `yours are at ${entries.map(({ place }) => place).join(', ')}`;
    expect(entries?.every(({ place }) => place < list.length) !== false, 'An entry is in no list.');
    return `${commits.length} experts sealed answers to a list of ${list.length} entries; ${whose}`;
  });
  await check('witnesses', () => {
    const { witnesses } = drawn();
    const bytes = certificateBytes(certificate);
    const signers = new Set(
      certificate.signatures
        .filter(({ by, signature }) => verifySignature(by, bytes, signature))
        .map(({ by }) => by),
    );
    expect(hasWitnessQuorum([...signers], witnesses), 'Fewer than two thirds of the witnesses signed.');
    expect(signers.size === certificate.signatures.length, 'A signature on the certificate does not hold.');
    return `certified by ${signers.size} of ${witnesses.length} witnesses; the exam cannot be repeated by you, since it holds other people's texts`;
  });
  await check('payment', () => {
    expectSame(
      record.effects,
      certificateEffects(certificate, datum!, roster),
      'The payments are not what the rules say.',
    );
    return 'fee, shares and slashes follow from the certificate';
  });
}
