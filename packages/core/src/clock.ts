/** Time as a parameter: rules and roles never read the machine's clock themselves. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  nowMs(): number;
  /** Whole milliseconds since some moment, for durations in one process: nobody can set it, forward or back. */
  steadyMs(): number;
  /** Resolves after `delayMs`, however long that is; rejects with the signal's reason when aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** Randomness as a parameter. */
export interface Random {
  bytes(length: number): Uint8Array;
}

/** A timer takes 31 bits of milliseconds, 24.8 days; one that is set for longer fires at once. */
export const maximumTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  steadyMs: () => Math.floor(performance.now()),
  sleep: (delayMs, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      let timer: ReturnType<typeof setTimeout>;
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const wait = (leftMs: number): void => {
        const stepMs = Math.min(leftMs, maximumTimerMs);
        timer = setTimeout(() => {
          if (leftMs > stepMs) return wait(leftMs - stepMs);
          signal?.removeEventListener('abort', onAbort);
          resolve();
        }, stepMs);
      };
      wait(delayMs);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};

const pool = new Uint8Array(4_096);
let poolLeft = 0;

/** The system's cryptographic source, read in blocks: a call for a few bytes costs as much as one for thousands. */
export const systemRandom: Random = {
  bytes(length) {
    if (length > pool.length / 16) return crypto.getRandomValues(new Uint8Array(length));
    if (poolLeft < length) {
      crypto.getRandomValues(pool);
      poolLeft = pool.length;
    }
    const taken = pool.slice(poolLeft - length, poolLeft);
    // What was given out may be a secret: no copy of it stays here.
    pool.fill(0, poolLeft - length, poolLeft);
    poolLeft -= length;
    return taken;
  },
};
