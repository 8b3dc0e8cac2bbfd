/** What the table asks of whoever keeps the rows. */
export interface JobRows {
  /** Whether the row is kept and is of this job. */
  isJob(row: number, job: Uint8Array): boolean;
  isKept(row: number): boolean;
  /** First four bytes of the row's job id. */
  jobKey(row: number): number;
}

/**
 * Finds the row of a job by its id: open addressing over uint32 row numbers, four bytes a slot, because a million
 * entries of a `Map` of strings would cost more than their vectors. Rows that are no longer kept are skipped and
 * left out when it grows.
 */
export class JobTable {
  readonly #rows: JobRows;
  #slots: Uint32Array;
  #used: number;

  /** `slots` of an earlier table of the same rows, which it takes over. */
  constructor(rows: JobRows, slots: Uint32Array = new Uint32Array(1_024)) {
    this.#rows = rows;
    this.#slots = slots;
    this.#used = 0;
    for (const slot of slots) if (slot !== 0) this.#used += 1;
  }

  /** What it is made of: a view. */
  get slots(): Uint32Array {
    return this.#slots;
  }

  find(job: Uint8Array): number | undefined {
    const mask = this.#slots.length - 1;
    const key = new DataView(job.buffer, job.byteOffset).getUint32(0, true);
    for (let slot = key & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const row = this.#slots[slot]! - 1;
      if (this.#rows.isJob(row, job)) return row;
    }
    return undefined;
  }

  add(row: number): void {
    if (2 * (this.#used + 1) > this.#slots.length) this.#rebuild();
    this.#insert(row);
  }

  #insert(row: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#rows.jobKey(row) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = row + 1;
    this.#used += 1;
  }

  #rebuild(): void {
    const kept = this.#slots.filter((slot) => slot !== 0 && this.#rows.isKept(slot - 1));
    let length = 1_024;
    while (length < 4 * (kept.length + 1)) length *= 2;
    this.#slots = new Uint32Array(length);
    this.#used = 0;
    for (const slot of kept) this.#insert(slot - 1);
  }
}
