import type { AccountId, Hash, JobId, NodeId, Signed } from '@market-of-experts/core';
import {
  beginJob,
  type Commit,
  type Decline,
  type Grant,
  type SealedJob,
  type ShardDraw,
} from '@market-of-experts/protocol';
import type { Datum, Seat } from '../state/decided-job.ts';
import type { MarketState } from '../state/market-state.ts';

/** What is said in a simulated job: the protocol's messages, which nobody signs and whose seals nobody opens. */
const noHash = '' as Hash;
const noSignature = new Uint8Array(0);
const client = 'client' as AccountId;
const coordinator = 'gateway' as NodeId;

function said<Body>(by: string, body: Body): Signed<Body> {
  return { by: by as Signed<Body>['by'], body, signature: noSignature };
}

/** A job as it begins. */
export function beginSimulated(
  { roster, scenario, feeMicro }: MarketState,
  draw: ShardDraw,
  datum: Datum,
): SealedJob {
  const deadlineMs = datum.atMs + roster.parameters.fullDeadlineMs;
  return beginJob({
    id: draw.seed as string as JobId,
    orders: [
      said(client, {
        network: roster.network,
        market: roster.market,
        client,
        clientSeq: datum.job,
        coordinator,
        dataHash: noHash,
        bytes: scenario.bytesPerJob,
        maxFeeMicro: feeMicro,
        tipMicro: 0n,
        deadlineMs,
      }),
    ],
    coordinator,
    deadlineMs,
    feesMicro: [feeMicro],
    roster,
    tickets: [],
    draw,
  });
}

export function commitOf({ id }: Pick<SealedJob, 'id'>, { principal, worker }: Seat): Commit {
  const by = worker!.node;
  return said(by, {
    job: id,
    stage: 'sealed',
    principal: principal.node,
    worker: by,
    list: noHash,
    seal: noHash,
  });
}

/** What its friend granted a seat; undefined where it works itself. */
export function grantOf(
  { id, roster }: Pick<SealedJob, 'id' | 'roster'>,
  { principal, worker, workerBps, claims }: Seat,
): Grant | undefined {
  if (worker === undefined || worker === principal) return undefined;
  const ttlMs = roster.parameters.claimTtlMs;
  const claim = said(principal.node, {
    job: id,
    principal: principal.node,
    worker: worker.node,
    index: claims - 1,
    maxAskBps: workerBps,
    issuedMs: 0,
    ttlMs,
  });
  return said(worker.node, { claim, askBps: workerBps, issuedMs: 0, expiresMs: ttlMs });
}

export function declineOf({ id }: Pick<SealedJob, 'id'>, { principal }: Seat): Decline {
  return said(principal.node, { job: id, principal: principal.node, reason: 'policy' });
}
