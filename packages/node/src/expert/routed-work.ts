import { MoeError, type NodeId } from '@moe/core';
import type { TallyBody } from '@moe/protocol';

/** What an expert has done for each coordinator in routed mode and has not been credited with yet. */
export interface RoutedWork {
  record(coordinator: NodeId, texts: readonly string[]): void;
  /** Takes a tally off the record. Throws `message-refused` when it counts more than was done. */
  settle(coordinator: NodeId, tally: Pick<TallyBody, 'requests' | 'bytes'>): void;
}

const maxCoordinators = 1_024;

export function routedWork(): RoutedWork {
  const open = new Map<NodeId, { requests: number; bytes: number }>();
  return {
    record(coordinator, texts) {
      const work = open.get(coordinator) ?? { requests: 0, bytes: 0 };
      if (!open.has(coordinator) && open.size >= maxCoordinators)
        throw new MoeError('overloaded', 'This expert serves too many coordinators.', { isRetryable: true });
      work.requests += texts.length;
      for (const text of texts) work.bytes += Buffer.byteLength(text);
      open.set(coordinator, work);
    },
    settle(coordinator, tally) {
      const work = open.get(coordinator) ?? { requests: 0, bytes: 0 };
      if (tally.requests > work.requests || tally.bytes > work.bytes)
        throw new MoeError('message-refused', 'The tally counts more than this expert has done.');
      work.requests -= tally.requests;
      work.bytes -= tally.bytes;
      if (work.requests === 0) open.delete(coordinator);
    },
  };
}
