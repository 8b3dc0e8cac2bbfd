import type { NodeId } from '@market-of-experts/core';

/** What one expert has learned of its friends by calling them: bounded, the most recently called are kept. */
export interface CallBook {
  note(friend: NodeId, isGranted: boolean, latencyMs: number): void;
  /** Probability that a friend is free and answers in time. */
  free(friend: NodeId): number;
  /** How long to hold the friend: several times what it usually takes. */
  patienceMs(friend: NodeId, longestMs: number): number;
}

interface Entry {
  readonly asked: number;
  readonly granted: number;
  readonly latencyMs: number;
}

const maxFriends = 4_096;
/** Before a friend is known: mostly free, and a second is enough. */
const prior: Entry = { asked: 4, granted: 3, latencyMs: 200 };
/** Weight of the newest call, so that a friend who changes is seen to. */
const forgetting = 0.05;
const latencyWeight = 0.2;
const patience = 5;
const leastPatienceMs = 250;

export function callBook(): CallBook {
  const entries = new Map<NodeId, Entry>();
  const of = (friend: NodeId): Entry => entries.get(friend) ?? prior;
  return {
    note(friend, isGranted, latencyMs) {
      const { asked, granted, latencyMs: usualMs } = of(friend);
      entries.delete(friend);
      entries.set(friend, {
        asked: (1 - forgetting) * asked + 1,
        granted: (1 - forgetting) * granted + (isGranted ? 1 : 0),
        latencyMs: isGranted ? usualMs + latencyWeight * (latencyMs - usualMs) : usualMs,
      });
      if (entries.size > maxFriends) entries.delete(entries.keys().next().value!);
    },
    free: (friend) => of(friend).granted / of(friend).asked,
    patienceMs: (friend, longestMs) =>
      Math.round(Math.min(longestMs, Math.max(leastPatienceMs, patience * of(friend).latencyMs))),
  };
}
