export interface Figures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the thread, mean: the clock for it is too coarse for a single one. */
  readonly cpuMs: number;
}

/** How long the same thing takes, by the clock and in processor time of this thread. */
export class Stopwatch {
  #wallMs: number[] = [];
  #cpuMs = 0;

  reset(): void {
    this.#wallMs = [];
    this.#cpuMs = 0;
  }

  time<T>(act: () => T): T {
    const cpu = process.threadCpuUsage();
    const startedMs = performance.now();
    const result = act();
    this.#wallMs.push(performance.now() - startedMs);
    const { user, system } = process.threadCpuUsage(cpu);
    this.#cpuMs += (user + system) / 1_000;
    return result;
  }

  figures(): Figures {
    return {
      p50Ms: quantile(this.#wallMs, 0.5),
      p99Ms: quantile(this.#wallMs, 0.99),
      cpuMs: round(this.#cpuMs / this.#wallMs.length),
    };
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return round(sorted[Math.floor(share * sorted.length)]!);
}

function round(value: number): number {
  return Number(value.toFixed(3));
}
