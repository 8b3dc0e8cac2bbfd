import {
  type Clock,
  MoeError,
  maximumTimerMs,
  type NodeId,
  type Random,
  systemRandom,
} from '@market-of-experts/core';
import { createFaults, type FaultInjection } from './faults.ts';
import { defaultNetworkLimits, type NetworkLimits } from './limits.ts';
import type { MemoryLinks } from './memory-links.ts';
import { MemoryTransport } from './memory-transport.ts';
import type { Transport } from './transport.ts';

export interface MemoryNetworkInit {
  /** Time for latencies and timeouts, e.g. a virtual one; default: the machine's. */
  readonly clock?: Clock;
  /** Decides injected loss, duplication and jitter; default: the machine's. */
  readonly random?: Random;
  readonly limits?: Partial<NetworkLimits>;
}

export interface MemoryNetwork {
  readonly limits: NetworkLimits;
  /** Joins the network as `self`. Throws `already-connected` while another transport of that id is open. */
  connect(self: NodeId): Transport;
  readonly inject: FaultInjection;
}

/**
 * Transports within one process. Without injected faults a request costs one turn of the event loop, shared
 * by all messages of that turn; so a busy network never keeps timers and sockets waiting.
 */
export function createMemoryNetwork(init: MemoryNetworkInit = {}): MemoryNetwork {
  const limits: NetworkLimits = { ...defaultNetworkLimits, ...init.limits };
  const faults = createFaults(init.random ?? systemRandom);
  const peers = new Map<NodeId, MemoryTransport>();
  const after = init.clock === undefined ? systemTimer : clockTimer(init.clock);
  // A virtual clock moves on when no microtask is left: it could not see a turn of the event loop.
  const hop = init.clock === undefined ? batchedTurns() : queueMicrotask;

  const links: MemoryLinks = {
    limits,
    after,
    peer: (id) => peers.get(id)?.peer,
    leave: (id) => peers.delete(id),
    isClean: faults.isClean,
    send(from, to, deliver, onLost) {
      if (faults.isClean()) return hop(deliver);
      const delaysMs = faults.delaysMs(from, to);
      if (delaysMs.length === 0) onLost?.();
      for (const delayMs of delaysMs) after(delayMs, () => (faults.isCut(from, to) ? onLost?.() : deliver()));
    },
  };

  return {
    limits,
    inject: faults.inject,
    connect(self) {
      if (peers.has(self))
        throw new MoeError(
          'already-connected',
          `Node ${self} is already connected to this network. Close its first transport, or use another node key.`,
        );
      const transport = new MemoryTransport(self, links);
      peers.set(self, transport);
      return transport;
    },
  };
}

/** Runs what was queued during one turn of the event loop in the next one, all together. */
function batchedTurns(): (task: () => void) => void {
  let queue: (() => void)[] = [];
  const drain = (): void => {
    const batch = queue;
    queue = [];
    for (const task of batch) task();
  };
  return (task) => {
    if (queue.push(task) === 1) setImmediate(drain);
  };
}

/** Calls `task` after `delayMs`; the result cancels it. */
type Timer = (delayMs: number, task: () => void) => () => void;

const systemTimer: Timer = (delayMs, task) => {
  const timer = setTimeout(task, Math.min(delayMs, maximumTimerMs));
  return () => clearTimeout(timer);
};

function clockTimer(clock: Clock): Timer {
  return (delayMs, task) => {
    const controller = new AbortController();
    clock.sleep(delayMs, controller.signal).then(task, () => {});
    return () => controller.abort();
  };
}
