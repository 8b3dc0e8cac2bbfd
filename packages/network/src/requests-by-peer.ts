import type { NodeId } from '@market-of-experts/core';

/** Requests that are open, by the peer that they go to or come from. Peers come and go: what is empty is not kept. */
export class RequestsByPeer<Request> {
  readonly #byPeer = new Map<NodeId, Set<Request>>();

  count(peer: NodeId): number {
    return this.#byPeer.get(peer)?.size ?? 0;
  }

  add(peer: NodeId, request: Request): void {
    const open = this.#byPeer.get(peer);
    if (open === undefined) this.#byPeer.set(peer, new Set([request]));
    else open.add(request);
  }

  remove(peer: NodeId, request: Request): void {
    const open = this.#byPeer.get(peer);
    open?.delete(request);
    if (open?.size === 0) this.#byPeer.delete(peer);
  }

  /** All of them; none is left. */
  takeAll(): readonly (readonly [NodeId, Request])[] {
    const all = [...this.#byPeer].flatMap(([peer, open]) =>
      [...open].map((request) => [peer, request] as const),
    );
    this.#byPeer.clear();
    return all;
  }
}
