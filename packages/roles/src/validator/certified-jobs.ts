import { decode, encode, type NodeId, verifyBodyAsync } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import { openJob, orderDomain } from '@market-of-experts/protocol';
import { assertCertified } from '../job/certified-record.ts';
import { peerMs } from '../job/job-times.ts';
import { assertSettleable } from '../job/payable-order.ts';
import { refuse } from '../messages/messaging.ts';
import { certifiedJobSchema, protocols } from '../messages/protocols.ts';
import type { MarketView } from '../view/market-view.ts';
import type { CertifiedJob, ClaimBook } from './claim-book.ts';

export interface CertifiedJobComponents {
  readonly transport: Transport;
  readonly view: MarketView;
  readonly claims: ClaimBook;
}

const maxCertifiedBytes = 128 * 1024;
/** Certificates of one sender that are looked at, at once: each costs a few signatures. */
const maxLooksAtOnce = 16;

/** Listens to certificates of jobs that nobody has settled, and keeps those that are due. Anybody may ask twice. */
export function serveCertifiedJobs({ transport, view, claims }: CertifiedJobComponents): void {
  const looking = new Map<NodeId, number>();
  transport.handle(protocols.certified, async (bytes, { from }) => {
    const running = looking.get(from) ?? 0;
    if (running >= maxLooksAtOnce) refuse('This node sends too many certificates at once.');
    looking.set(from, running + 1);
    try {
      const certified = decode(bytes, certifiedJobSchema, maxCertifiedBytes);
      if (!mayBring(view, certified, from)) refuse('This node is no part of the market.');
      const { client, clientSeq } = certified.opening.order.body;
      if (claims.of(client, clientSeq) === undefined) {
        await assertClaim(view, certified);
        await claims.keep(certified);
      }
      return encode({});
    } finally {
      if (running === 0) looking.delete(from);
      else looking.set(from, looking.get(from)! - 1);
    }
  });
}

/** Tells some validators of a certified job; the result: those that have not taken it in. */
export async function tellCertified(
  transport: Transport,
  { opening, certificate }: CertifiedJob,
  validators: readonly NodeId[],
): Promise<readonly NodeId[]> {
  const bytes = encode({ opening, certificate });
  const told = await Promise.allSettled(
    validators.map((node) => transport.request(node, protocols.certified, bytes, { timeoutMs: peerMs })),
  );
  return validators.filter((_, index) => told[index]!.status === 'rejected');
}

function mayBring(view: MarketView, { opening: { order } }: CertifiedJob, from: NodeId): boolean {
  return (
    view.validators().includes(from) ||
    from === order.body.coordinator ||
    view.current().roster.experts.some(({ node }) => node === from)
  );
}

/**
 * Whether a certificate is of a job that its client ordered, that its witnesses have signed, and whose number the ledger can
 * settle yet. Its order may be over: that is when it matters. Rejects with `message-refused` or `not-certified`.
 */
async function assertClaim(view: MarketView, { opening, certificate }: CertifiedJob): Promise<void> {
  const { order, tickets } = opening;
  const { body } = certificate;
  const roster = view.rosterOf(opening.roster) ?? refuse('The roster of this job is not known here.');
  assertSettleable(view, roster, order.body);
  if (!(await verifyBodyAsync(orderDomain, order))) refuse('The signature of the order is not valid.');
  const job = openJob(order, roster, tickets);
  const isOfJob =
    body.job === job.id &&
    body.roster === opening.roster &&
    body.network === order.body.network &&
    body.market === order.body.market &&
    body.client === order.body.client &&
    body.clientSeq === order.body.clientSeq;
  if (!isOfJob) refuse('The certificate is of another job than its order.');
  await assertCertified(certificate, tickets, roster);
  // The ledger may have gone on meanwhile.
  assertSettleable(view, roster, order.body);
}
