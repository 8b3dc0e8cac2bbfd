import {
  type AccountId,
  type Clock,
  type MarketId,
  MoeError,
  messageOf,
  type NodeId,
} from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import type { Transport } from '@market-of-experts/network';
import type { SettlementBody } from '@market-of-experts/protocol';
import type { BatchRecord } from '@market-of-experts/receipts/receipt-record';
import type { ProposalNotes } from '../settlement/noted-proposal.ts';
import { patientWarning } from '../settlement/patient-warning.ts';
import { batchOf, type ProvenOrder, proposalOf, signaturesOf } from '../settlement/settlement-proposal.ts';
import { voidedNumbers } from '../settlement/voided-numbers.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { MarketView } from '../view/market-view.ts';
import { tellCertified } from './certified-jobs.ts';
import type { ClaimBook } from './claim-book.ts';
import { overdueOrders } from './overdue-orders.ts';
import { overdueClaims, overdueMs } from './stand-ins.ts';

export interface SettleOverdueInit {
  readonly market: MarketId;
  readonly signer: GuardedSigner;
  readonly ledger: Ledger;
  readonly transport: Transport;
  readonly view: MarketView;
  readonly claims: ClaimBook;
  readonly clock: Clock;
  /** What it has proposed, over restarts. */
  readonly notes: ProposalNotes;
  /** Keeps the content of a batch before the ledger has it, where somebody here needs it. */
  readonly keepBatch?: ((settlement: SettlementBody, content: BatchRecord) => Promise<void>) | undefined;
  readonly onWarning: (message: string) => void;
}

/** Settles in place of gateways that do not. */
export interface StandIn {
  /** The same book: what is kept in it is looked after. */
  readonly claims: ClaimBook;
  close(): Promise<void>;
}

/** Validators stand in one after the other, so that they do not all do the same at once. */
const turnMs = 20_000;
const retryMs = 5_000;
/** Claims that are passed on together: fewer than one node looks at, at once. */
const toldAtOnce = 8;
/** Proposals in a row: another gateway may be the first with each number. */
const maxRounds = 8;

/**
 * Settles certified work that its gateway has not settled for a minute, and what lies before it: each number with the certificate
 * that there is, or as void, as far as enough validators say that it is. Usually no claim is ever held, and it does nothing at all.
 */
export function settleOverdue(init: SettleOverdueInit): StandIn {
  const { market, signer, ledger, transport, view, claims, clock, notes } = init;
  const { network } = ledger;
  const self = signer.node;
  const warn = patientWarning(clock, init.onWarning);
  const voids = voidedNumbers({ transport, view, clock });
  const { ordersFor } = overdueOrders({ network, market, view, claims, voids, notes });
  const stopped = new AbortController();
  let running: Promise<void> | undefined;

  const placeOfSelf = (): number => [...view.validators()].sort().indexOf(self);
  /** How long it leaves a claim to the gateway, and to the validators before it; none while it is not present itself. */
  const patienceMs = (): number => {
    const place = placeOfSelf();
    // Half a turn later than the others would sign: they have heard of the claim a little earlier or later.
    return place < 0 ? Number.POSITIVE_INFINITY : overdueMs + (place + 0.5) * turnMs;
  };
  const nextSeqOf = (client: AccountId): number => view.prepaid(client)?.nextOrderSeq ?? 0;
  const forgetSettled = (): void => {
    for (const client of new Set(claims.all().map((claim) => claim.client)))
      claims.settled(client, nextSeqOf(client));
  };
  /** Clients with overdue claims, by the gateway that does not settle, each with the last number to close. */
  const overdue = (): Map<NodeId, Map<AccountId, number>> => {
    const found = new Map<NodeId, Map<AccountId, number>>();
    for (const { client, clientSeq } of overdueClaims({ view, claims, clock }, patienceMs())) {
      const gateway = view.prepaid(client)?.gateway;
      if (gateway === undefined) continue;
      const clients = found.get(gateway) ?? new Map<AccountId, number>();
      found.set(gateway, clients.set(client, Math.max(clientSeq, clients.get(client) ?? 0)));
    }
    return found;
  };

  /** One proposal; whether another is worth making at once. */
  const propose = async (gateway: NodeId, clients: ReadonlyMap<AccountId, number>): Promise<boolean> => {
    const batch = view.nextBatch();
    const orders = await ordersFor(gateway, batch, clients, placeOfSelf());
    if (orders.length === 0) return false;
    const proposal = proposalOf(orders, { network, market, batch, gateway, by: self }, ledger);
    const { settlement } = proposal;
    const components = { ledger, transport, clock, from: self, signal: stopped.signal };
    const isPassed = (): boolean => view.nextBatch() !== batch;
    try {
      const signed = await signaturesOf(proposal, components);
      if (signed.isQuorum) {
        await init.keepBatch?.(settlement, batchOf(proposal, signed));
        await signer.submitSettlement(ledger, { settlement, signatures: [...signed.signatures] });
        voids.forget(orders.map(({ effects }) => effects));
        return true;
      }
      if (isPassed()) return true;
      const signers = signed.signatures.map(({ node }) => node);
      await passOn(
        orders,
        view.validators().filter((node) => !signers.includes(node)),
      );
      throw signed.failure ?? new MoeError('no-quorum', 'Too few validators are there to sign.');
    } catch (error) {
      if (isPassed()) return true;
      throw error;
    }
  };
  /** Whoever does not sign may not know of the claims. */
  const passOn = async (orders: readonly ProvenOrder[], to: readonly NodeId[]): Promise<void> => {
    const known = orders.flatMap(({ effects: { client, clientSeq } }) => claims.of(client, clientSeq) ?? []);
    const shown = [...new Map(known.map((claim) => [claim.certificate.body.job, claim])).values()];
    for (let start = 0; start < shown.length; start += toldAtOnce)
      await Promise.all(
        shown.slice(start, start + toldAtOnce).map((claim) => tellCertified(transport, claim, to)),
      );
  };

  const standIn = async (gateway: NodeId): Promise<void> => {
    for (let round = 0; round < maxRounds && !stopped.signal.aborted; round += 1) {
      forgetSettled();
      const clients = overdue().get(gateway);
      if (clients === undefined) return;
      if (!(await propose(gateway, clients))) return;
    }
  };
  /** Whether all that was due could be settled. */
  const look = async (): Promise<boolean> => {
    let isDone = true;
    forgetSettled();
    for (const gateway of overdue().keys())
      try {
        await standIn(gateway);
      } catch (error) {
        isDone = false;
        if (!stopped.signal.aborted)
          warn(
            `Certified work that gateway ${gateway} has not settled could not be settled yet: ${messageOf(error)}`,
          );
      }
    forgetSettled();
    return isDone;
  };
  const watch = async (): Promise<void> => {
    let waitMs = retryMs;
    while (claims.all().length > 0) {
      const oldestMs = claims
        .all()
        .reduce((least, { heldSinceMs }) => Math.min(least, heldSinceMs), Infinity);
      const dueMs = oldestMs + patienceMs() - clock.steadyMs();
      await clock.sleep(Math.min(Math.max(dueMs, waitMs), overdueMs), stopped.signal);
      waitMs = (await look()) ? retryMs : Math.min(2 * waitMs, overdueMs);
    }
  };
  const claimed = (): void => {
    if (stopped.signal.aborted) return;
    running ??= watch()
      .catch((error: unknown) => {
        if (!stopped.signal.aborted) warn(`Unsettled work cannot be looked after: ${messageOf(error)}`);
      })
      .finally(() => {
        running = undefined;
        if (claims.all().length > 0) claimed();
      });
  };
  claimed();
  return {
    claims: {
      ...claims,
      async keep(claim) {
        await claims.keep(claim);
        claimed();
      },
    },
    async close() {
      stopped.abort();
      await running;
    },
  };
}
