/** The guard of the honest machine, which can be put back from an older copy of its directory. */
import {
  type GuardMemory,
  guardMemory,
  memoryGuard,
  type SigningGuard,
} from '@market-of-experts/ledger/guard';
import { maxOrderLifetimeMs } from '@market-of-experts/roles/job/payable-order';

export interface RestorableGuard {
  readonly guard: SigningGuard;
  /** Copies the directory, as a backup does. */
  copy(): void;
  /** Puts the last copy back: its operator accepts that, so nothing that may have been said since is said again. */
  restore(): void;
}

export function restorableGuard(nowMs: () => number, maximumClockSkewMs: number): RestorableGuard {
  let memory = guardMemory();
  let older = copyOf(memory);
  let current = memoryGuard(nowMs, memory);
  return {
    guard: {
      enter: (saying, options) => current.enter(saying, options),
      enterAll: (sayings) => current.enterAll(sayings),
      exported: () => current.exported(),
      take: (interchange) => current.take(interchange),
      close: () => current.close(),
    },
    copy() {
      older = copyOf(memory);
    },
    restore() {
      memory = copyOf(older);
      memory.pastMs = Math.max(memory.pastMs, nowMs() + maxOrderLifetimeMs + 2 * maximumClockSkewMs);
      current = memoryGuard(nowMs, memory);
    },
  };
}

function copyOf({ once, sequences, pastMs }: GuardMemory): GuardMemory {
  return { once: new Map(once), sequences: new Map(sequences), pastMs };
}
