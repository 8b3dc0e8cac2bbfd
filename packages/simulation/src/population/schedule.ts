/**
 * When an expert's lines are taken. Work that is known to come later leaves the time before it free, so that jobs may be
 * looked at one after the other although they overlap.
 */
export class Schedule {
  /** For each line the times `from, to, from, to …` of what is under way or to come, rising. */
  readonly #lines: number[][];

  constructor(lines: number) {
    this.#lines = Array.from({ length: lines }, () => []);
  }

  /** Forgets what is over at `nowMs`: nothing is asked any more about the time before. */
  forget(nowMs: number): void {
    for (const line of this.#lines) {
      let over = 0;
      while (over < line.length && line[over + 1]! <= nowMs) over += 2;
      if (over > 0) line.splice(0, over);
    }
  }

  /** Milliseconds that a piece of work of this length would wait if it came at `atMs`. */
  waitMs(atMs: number, lengthMs: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const line of this.#lines) least = Math.min(least, firstGap(line, atMs, lengthMs).startMs);
    return least - atMs;
  }

  /** Takes the line on which the work can begin first; the result is when it is done. */
  take(atMs: number, lengthMs: number): number {
    let best = this.#lines[0]!;
    let gap = firstGap(best, atMs, lengthMs);
    for (const line of this.#lines) {
      if (gap.startMs === atMs) break;
      const other = firstGap(line, atMs, lengthMs);
      if (other.startMs < gap.startMs) {
        best = line;
        gap = other;
      }
    }
    best.splice(gap.index, 0, gap.startMs, gap.startMs + lengthMs);
    return gap.startMs + lengthMs;
  }
}

/** First time from `atMs` on at which a line is free for so long, and where in the line that is. */
function firstGap(
  line: readonly number[],
  atMs: number,
  lengthMs: number,
): { readonly startMs: number; readonly index: number } {
  let startMs = atMs;
  let index = 0;
  for (; index < line.length; index += 2) {
    if (line[index]! >= startMs + lengthMs) break;
    startMs = Math.max(startMs, line[index + 1]!);
  }
  return { startMs, index };
}
