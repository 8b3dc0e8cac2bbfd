/** Work between two turns of the event loop, in about nanoseconds: others are answered meanwhile. */
const workPerTurn = 8_000_000;

/** Work of one request, a part at a time. */
export interface Paced {
  /** Counts work of about so many nanoseconds. Where that is enough for one turn, it resolves when it is this one's turn again. */
  done(work: number): Promise<void> | undefined;
}

/** Requests that wait to go on: one a turn, however many they are. */
let waiting: Promise<void> = Promise.resolve();

export function paced(): Paced {
  let sum = 0;
  return {
    done(work) {
      sum += work;
      if (sum < workPerTurn) return undefined;
      sum = 0;
      waiting = waiting.then(() => new Promise((resolve) => setImmediate(resolve)));
      return waiting;
    },
  };
}
