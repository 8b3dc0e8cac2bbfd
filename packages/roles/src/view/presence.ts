import type { NodeId } from '@market-of-experts/core';
import type { Presence } from '@market-of-experts/protocol';

/** Where experts of one market say that they can be reached from here, and where views look. */
export interface PresenceBook {
  /** Who is here now. */
  now(): Presence;
  /** An expert is here; one that comes again takes its own place. */
  enter(node: NodeId, isPaused: () => boolean): void;
  leave(node: NodeId): void;
  /** An expert has stepped out of the draw, for as long as its `isPaused` says. */
  paused(node: NodeId): void;
  /** Calls back after each of these until the returned function is called. That a pause is over, nobody is told. */
  onChange(listener: () => void): () => void;
}

export function presenceBook(): PresenceBook {
  const here = new Map<NodeId, () => boolean>();
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    now: () => ({
      here: new Set(here.keys()),
      paused: new Set([...here].filter(([, isPaused]) => isPaused()).map(([node]) => node)),
    }),
    enter(node, isPaused) {
      here.set(node, isPaused);
      tell();
    },
    leave(node) {
      if (here.delete(node)) tell();
    },
    paused(node) {
      if (here.has(node)) tell();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
