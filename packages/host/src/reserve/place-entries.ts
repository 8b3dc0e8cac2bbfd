import { type Clock, messageOf } from '@market-of-experts/core';
import type { BaseEncoder } from '../house/task-skills.ts';
import type { ReserveEntry } from './reserve-entries.ts';
import { readTextPositions, textPositionsFile, writeTextPositions } from './text-positions.ts';

export interface PlaceEntriesInit {
  readonly dataDir: string;
  readonly encoder: BaseEncoder;
  readonly clock: Clock;
  /** All that wait to be used, whenever it is called. */
  readonly entries: () => readonly ReserveEntry[];
  readonly onWarning: (message: string) => void;
}

export interface EntryPlacer {
  /** Looks for entries of no known position, and has them placed in the background. */
  look(): void;
  /** Resolves when all that it has seen are placed, or could not be. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const batch = 8;
/** The encoder is the clients' first: it rests three times as long as it worked. */
const rest = 3;
/** A market that starts has other texts for it. */
const firstRestMs = 10_000;
const leastRestMs = 20;
/** Placed entries after which the file is written. */
const savedEvery = 512;

/** Says of each entry once where it lies, a few at a time; keeps that in the data directory. */
export function placeEntries(init: PlaceEntriesInit): EntryPlacer {
  const { encoder, clock, entries } = init;
  const path = textPositionsFile(init.dataDir);
  const stopped = new AbortController();
  let known: ReadonlyMap<string, Int8Array> | undefined = readTextPositions(path, encoder);
  let running: Promise<void> | undefined;
  let isLooking = false;
  let isFirst = true;

  const save = (): void => {
    const placed = entries().flatMap(({ key, position }) =>
      position === undefined ? [] : [[key, position] as const],
    );
    writeTextPositions(path, encoder, placed);
  };
  const unplaced = (): ReserveEntry[] => entries().filter(({ position }) => position === undefined);
  const place = async (): Promise<void> => {
    let unsaved = 0;
    try {
      if (isFirst && unplaced().length > 0) await clock.sleep(firstRestMs, stopped.signal);
      isFirst = false;
      while (!stopped.signal.aborted) {
        const next = unplaced().slice(0, batch);
        if (next.length === 0) break;
        const beganMs = clock.steadyMs();
        const found = await encoder.positions(
          next.map(({ text }) => text),
          stopped.signal,
        );
        for (const [index, entry] of next.entries()) entry.position = new Int8Array(found[index]!);
        unsaved += next.length;
        if (unsaved >= savedEvery) {
          save();
          unsaved = 0;
        }
        await clock.sleep(Math.max(leastRestMs, rest * (clock.steadyMs() - beganMs)), stopped.signal);
      }
    } finally {
      if (unsaved > 0) save();
    }
  };
  const run = async (): Promise<void> => {
    while (isLooking && !stopped.signal.aborted) {
      isLooking = false;
      try {
        await place();
      } catch (error) {
        if (!stopped.signal.aborted)
          init.onWarning(
            `Where the texts of the reserve lie is not known of all, so exams may be easier than they should: ${messageOf(error)} It is tried again when texts are added, and at the next start.`,
          );
      }
    }
    running = undefined;
  };

  return {
    look() {
      for (const entry of unplaced()) entry.position = known?.get(entry.key);
      // Of entries that come later the file knows nothing.
      known = undefined;
      isLooking = true;
      running ??= run();
    },
    idle: async () => running,
    async close() {
      stopped.abort();
      await running;
    },
  };
}
