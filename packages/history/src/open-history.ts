import type { History } from './history.ts';
import type { HistoryInit } from './history-settings.ts';
import { StoredHistory } from './stored-history.ts';

export interface OpenHistoryInit extends HistoryInit {
  /** Folder of the history, made when it is missing; for one process at a time. */
  readonly directory: string;
  /** Told while records are added to the index at the start: after a crash, or when its file cannot be used. */
  readonly onIndexing?: (done: number, total: number) => void;
}

/**
 * Opens or makes a history on the disk. A record is in its file when `append` returns, so a killed process loses none
 * (after a power cut: none from before the last flush); the index is saved now and then, and what it lacks is added
 * here. Throws `history-mismatch`, `history-corrupt`.
 */
export function openHistory(init: OpenHistoryInit): History {
  return new StoredHistory(init, init.directory, init.onIndexing ?? (() => undefined));
}

/** A history in memory only, for simulations and tests. */
export function memoryHistory(init: HistoryInit): History {
  return new StoredHistory(init, undefined, () => undefined);
}
