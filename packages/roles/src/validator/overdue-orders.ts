import type { AccountId, MarketId, NodeId } from '@market-of-experts/core';
import { certificateEffects, voidEffects } from '@market-of-experts/protocol';
import { ordersToPropose, type ProposalNotes } from '../settlement/noted-proposal.ts';
import { maxOrdersPerBatch, type ProvenOrder } from '../settlement/settlement-proposal.ts';
import type { VoidedNumbers } from '../settlement/voided-numbers.ts';
import type { MarketView } from '../view/market-view.ts';
import type { ClaimBook } from './claim-book.ts';

export interface OverdueOrdersInit {
  readonly network: string;
  readonly market: MarketId;
  readonly view: Pick<MarketView, 'prepaid' | 'rosterOf'>;
  readonly claims: Pick<ClaimBook, 'of'>;
  readonly voids: Pick<VoidedNumbers, 'ask' | 'isVoid'>;
  /** Of what this validator has proposed. */
  readonly notes: ProposalNotes;
}

/** What a validator proposes to settle in place of a gateway. */
export interface OverdueOrders {
  /**
   * Orders for a batch, of one of the clients, each given with the last number to close; none where nothing can be closed yet. What
   * was proposed under the batch before, if anything was. Rejects with `no-quorum` and `settlement-incomplete`.
   */
  ordersFor(
    gateway: NodeId,
    batch: number,
    clients: ReadonlyMap<AccountId, number>,
    place: number,
  ): Promise<readonly ProvenOrder[]>;
}

export function overdueOrders(init: OverdueOrdersInit): OverdueOrders {
  const { network, market, view, claims, voids, notes } = init;
  const certified = (client: AccountId, clientSeq: number): ProvenOrder | undefined => {
    const claim = claims.of(client, clientSeq);
    const roster = claim && view.rosterOf(claim.opening.roster);
    if (claim === undefined || roster === undefined) return undefined;
    const { certificate, opening, datum } = claim;
    return {
      proof: {
        kind: 'certificate',
        certificate,
        data: [datum],
        tickets: opening.tickets,
        roster: opening.roster,
      },
      effects: certificateEffects(certificate, datum, roster),
    };
  };
  const voided = (client: AccountId, clientSeq: number): ProvenOrder => {
    const body = { network, market, client, clientSeq, reason: 'Nothing came of it that anybody has shown.' };
    return { proof: { kind: 'void', body }, effects: voidEffects(body) };
  };

  /** The orders of a client from its next up to `last`, as far as each is certified or void, and the money locked reaches. */
  const closable = async (client: AccountId, last: number): Promise<ProvenOrder[]> => {
    const first = view.prepaid(client)?.nextOrderSeq ?? 0;
    const end = Math.min(last + 1, first + maxOrdersPerBatch);
    const numbers = Array.from({ length: end - first }, (_, index) => ({ client, clientSeq: first + index }));
    await voids.ask(numbers.filter(({ clientSeq }) => claims.of(client, clientSeq) === undefined));
    const orders: ProvenOrder[] = [];
    const owners = new Map<NodeId, AccountId>();
    let leftMicro = view.prepaid(client)?.lockedMicro ?? 0n;
    for (const number of numbers) {
      const { clientSeq } = number;
      const isClaimed = claims.of(client, clientSeq) !== undefined;
      if (!isClaimed && !voids.isVoid(number)) break;
      const order = isClaimed ? certified(client, clientSeq) : voided(client, clientSeq);
      if (order === undefined) break;
      const { deltas } = order.effects;
      for (const { deltaMicro } of deltas) if (deltaMicro < 0n) leftMicro += deltaMicro;
      // One settlement pays a node for one owner, so that nobody's pay goes to another.
      const isOthers = deltas.some(({ node, account }) => node && (owners.get(node) ?? account) !== account);
      if (leftMicro < 0n || isOthers) break;
      for (const { node, account } of deltas) if (node) owners.set(node, account);
      orders.push(order);
    }
    return orders;
  };

  /**
   * Orders of one client, so that none can hold up another's; each validator begins with another client, so that one whose orders
   * the others refuse holds up a single validator's turn.
   */
  const fresh = async (clients: ReadonlyMap<AccountId, number>, place: number): Promise<ProvenOrder[]> => {
    const sorted = [...clients].sort(([a], [b]) => (a < b ? -1 : 1));
    const first = Math.max(0, place) % sorted.length;
    for (const [client, last] of [...sorted.slice(first), ...sorted.slice(0, first)]) {
      const orders = await closable(client, last);
      if (orders.length > 0) return orders;
    }
    return [];
  };
  return {
    ordersFor: (gateway, batch, clients, place) =>
      ordersToPropose({ batch, gateway }, notes, {
        noted: ({ client, clientSeq }, wasVoid) => (wasVoid ? voided : certified)(client, clientSeq),
        fresh: () => fresh(clients, place),
      }),
  };
}
