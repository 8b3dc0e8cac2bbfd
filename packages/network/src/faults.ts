import type { NodeId, Random } from '@market-of-experts/core';

/** Mean one-way delay of a link in milliseconds. */
export type Latency = number | ((from: NodeId, to: NodeId) => number);

/** Faults that a test injects into a memory network. Each call replaces the setting before it. */
export interface FaultInjection {
  /** One-way delay of every message, plus or minus up to `jitterMs` (never below 0; messages may overtake). */
  latency(ms: Latency, jitterMs?: number): void;
  /** Share of messages that vanish, 0 to 1: requests, answers, cancellations and notices alike. */
  loss(rate: number): void;
  /** Share of messages that arrive twice, 0 to 1. */
  duplication(rate: number): void;
  /**
   * Nodes of different groups do not hear each other; nodes in no group form one more. Messages between
   * groups vanish without a word, those already under way too: requests end by their timeout.
   */
  partition(groups: readonly (readonly NodeId[])[]): void;
  /** Ends the partition. */
  heal(): void;
}

/** Decides the fate of each message on a link. */
export interface Faults {
  readonly inject: FaultInjection;
  /** True while nothing is injected. */
  isClean(): boolean;
  isCut(from: NodeId, to: NodeId): boolean;
  /** One delay in milliseconds for each copy that arrives; none if the message is lost. */
  delaysMs(from: NodeId, to: NodeId): number[];
}

export function createFaults(random: Random): Faults {
  let latency: Latency = 0;
  let jitterMs = 0;
  let lossRate = 0;
  let duplicationRate = 0;
  let groupOf: Map<NodeId, number> | undefined;
  let clean = true;
  const uniform = (): number => {
    const bytes = random.bytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
  };
  const settle = (): void => {
    clean =
      latency === 0 && jitterMs === 0 && lossRate === 0 && duplicationRate === 0 && groupOf === undefined;
  };
  const delayMs = (from: NodeId, to: NodeId): number => {
    const base = typeof latency === 'number' ? latency : latency(from, to);
    return Math.max(0, jitterMs === 0 ? base : base + jitterMs * (2 * uniform() - 1));
  };
  const isCut = (from: NodeId, to: NodeId): boolean =>
    groupOf !== undefined && groupOf.get(from) !== groupOf.get(to);

  return {
    inject: {
      latency(ms, jitter = 0) {
        latency = ms;
        jitterMs = jitter;
        settle();
      },
      loss(rate) {
        lossRate = rate;
        settle();
      },
      duplication(rate) {
        duplicationRate = rate;
        settle();
      },
      partition(groups) {
        groupOf = new Map(groups.flatMap((group, index) => group.map((node) => [node, index] as const)));
        settle();
      },
      heal() {
        groupOf = undefined;
        settle();
      },
    },
    isClean: () => clean,
    isCut,
    delaysMs(from, to) {
      if (isCut(from, to) || (lossRate > 0 && uniform() < lossRate)) return [];
      const delays = [delayMs(from, to)];
      if (duplicationRate > 0 && uniform() < duplicationRate) delays.push(delayMs(from, to));
      return delays;
    },
  };
}
