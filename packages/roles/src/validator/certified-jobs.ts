import { decode, encode, isMoeError, type NodeId } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import { type Order, openJob, orderId, type Roster } from '@market-of-experts/protocol';
import { assertCertified } from '../job/certified-record.ts';
import { assertOrdersSigned } from '../job/job-request.ts';
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
      const { data } = certified.certificate.body;
      if (data.some(({ client, clientSeq }) => claims.of(client, clientSeq) === undefined)) {
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

function mayBring(view: MarketView, { opening: { orders } }: CertifiedJob, from: NodeId): boolean {
  return (
    view.validators().includes(from) ||
    from === orders[0]!.body.coordinator ||
    view.current().roster.experts.some(({ node }) => node === from)
  );
}

/**
 * Whether a certificate is of a job that its clients ordered, that its witnesses have signed, and of whose numbers the ledger can
 * settle some yet. Its orders may be over: that is when it matters. Rejects with `message-refused` or `not-certified`.
 */
async function assertClaim(view: MarketView, { opening, certificate }: CertifiedJob): Promise<void> {
  const { orders, tickets } = opening;
  const { body } = certificate;
  const roster = view.rosterOf(opening.roster) ?? refuse('The roster of this job is not known here.');
  assertSomeSettleable(view, roster, orders);
  await assertOrdersSigned(orders);
  const job = openJob(orders, roster, tickets);
  const isOfJob =
    body.job === job.id &&
    body.roster === opening.roster &&
    body.network === roster.network &&
    body.market === roster.market &&
    body.data.length === orders.length &&
    orders.every(({ body: order }, index) => {
      const datum = body.data[index]!;
      return (
        datum.order === orderId(order) && datum.client === order.client && datum.clientSeq === order.clientSeq
      );
    });
  if (!isOfJob) refuse('The certificate is of another job than its orders.');
  await assertCertified(certificate, tickets, roster);
  // The ledger may have gone on meanwhile.
  assertSomeSettleable(view, roster, orders);
}

/** Orders are settled one by one: those of some clients may be so already. Throws why the first cannot be. */
function assertSomeSettleable(view: MarketView, roster: Roster, orders: readonly Order[]): void {
  const problems = orders.map(({ body }) => {
    try {
      assertSettleable(view, roster, body);
      return undefined;
    } catch (error) {
      if (!isMoeError(error, 'message-refused')) throw error;
      return error;
    }
  });
  if (problems.every((problem) => problem !== undefined)) throw problems[0];
}
