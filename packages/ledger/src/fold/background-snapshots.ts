import { messageOf } from '@market-of-experts/core';
import type { SnapshotPlace, SnapshotStore } from './snapshots.ts';
import type { TrackedState } from './tracked-state.ts';

/** Records that one entry may cost in snapshots: 1,000,000 records are written every 125,000 entries. */
const RECORDS_PER_ENTRY = 8;

/** Snapshots of a state that goes on changing, one at a time. */
export class BackgroundSnapshots {
  readonly #store: SnapshotStore | undefined;
  readonly #every: number;
  readonly #tracked: TrackedState;
  readonly #onWarning: (message: string) => void;
  #height: number;
  #saving: Promise<void> | undefined;

  /** One is due `every` entries after the one at `height`, later in a large state. Without a store none is kept. */
  constructor(init: {
    readonly store: SnapshotStore | undefined;
    readonly every: number;
    readonly height: number;
    readonly tracked: TrackedState;
    readonly onWarning: (message: string) => void;
  }) {
    this.#store = init.store;
    this.#every = init.every;
    this.#height = init.height;
    this.#tracked = init.tracked;
    this.#onWarning = init.onWarning;
  }

  /** Height of the last one. */
  get height(): number {
    return this.#height;
  }

  /** To be told where the log is after every batch. */
  advanced(place: SnapshotPlace): void {
    if (!this.#isDue(place.height) || this.#saving !== undefined) return;
    this.#oneAtATime(
      this.#save(place).catch((error: unknown) =>
        this.#onWarning(`A snapshot could not be written (the log is not affected): ${messageOf(error)}`),
      ),
    );
  }

  /** Writes one of the state as it is once no other is being written. */
  async saveNow(place: () => SnapshotPlace): Promise<void> {
    while (this.#saving !== undefined) await this.#saving;
    const saved = this.#save(place());
    this.#oneAtATime(saved.catch(() => {}));
    await saved;
  }

  async idle(): Promise<void> {
    await this.#saving;
  }

  /** The state goes on while it is written; the file holds it as it is now. */
  async #save(place: SnapshotPlace): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    this.#height = place.height;
    await this.#tracked.frozen((records) => store.save({ ...place, records }));
  }

  #oneAtATime(saved: Promise<void>): void {
    this.#saving = saved.finally(() => {
      this.#saving = undefined;
    });
  }

  /** In a large state there are more entries between snapshots: writing them must stay a small part of the work. */
  #isDue(height: number): boolean {
    const entries = height - this.#height;
    return entries >= this.#every && entries >= this.#tracked.records() / RECORDS_PER_ENTRY;
  }
}
