import type { NodeId } from '@market-of-experts/core';
import type { MemoryNetwork, Transport } from '@market-of-experts/network';

/** The ends of a test's network, each closed with it. */
export interface Connections {
  /** A new end for a node, which has one at a time. */
  connect(node: NodeId): Transport;
  has(node: NodeId): boolean;
  /** Closes the last end of a node, where it has one. */
  drop(node: NodeId): Promise<void>;
  close(): Promise<void>;
}

/** With a tap that sees, or changes, what a node sends and answers. */
export function connections(
  network: MemoryNetwork,
  tap: (transport: Transport) => Transport = (transport) => transport,
): Connections {
  const ends = new Map<NodeId, Transport>();
  return {
    connect(node) {
      const end = tap(network.connect(node));
      ends.set(node, end);
      return end;
    },
    has: (node) => ends.has(node),
    drop: async (node) => ends.get(node)?.close(),
    close: async () => void (await Promise.all([...ends.values()].map((end) => end.close()))),
  };
}
