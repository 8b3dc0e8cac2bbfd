import { type Hash, MoeError } from '@market-of-experts/core';
import { type GuardTables, isNew, markAfter, mergedMark, type SequenceMark } from './guard-rules.ts';
import type { OnceSaying, SigningGuard } from './signing-guard.ts';

/** What a memory guard keeps; hand it to the next one to play a restart. */
export interface GuardMemory {
  readonly once: Map<string, Omit<OnceSaying, 'slot'>>;
  readonly sequences: Map<string, SequenceMark>;
  pastMs: number;
}

export function guardMemory(): GuardMemory {
  return { once: new Map(), sequences: new Map(), pastMs: 0 };
}

/** A guard that lasts as long as its memory. */
export function memoryGuard(nowMs: () => number, memory: GuardMemory = guardMemory()): SigningGuard {
  const { once, sequences } = memory;
  const tables: GuardTables = {
    once: (slot) => once.get(slot),
    sequence: (name) => sequences.get(name),
    pastMs: () => memory.pastMs,
    nowMs,
  };
  let isClosed = false;
  /** Sayings of jobs come in about the order of their times: the first ones are the oldest. */
  const forget = (): void => {
    for (const [slot, { untilMs }] of once) {
      if (untilMs >= nowMs()) break;
      once.delete(slot);
      memory.pastMs = Math.max(memory.pastMs, untilMs);
    }
  };
  const enter: SigningGuard['enter'] = (saying) => {
    if (isClosed) return Promise.reject(new MoeError('guard-closed', 'The signing guard is closed.'));
    forget();
    if (isNew(saying, tables)) {
      if ('untilMs' in saying) once.set(saying.slot, { said: saying.said, untilMs: saying.untilMs });
      else sequences.set(saying.sequence, markAfter(saying, sequences.get(saying.sequence)));
    }
    return Promise.resolve();
  };
  return {
    enter,
    async enterAll(sayings) {
      forget();
      for (const saying of sayings) isNew(saying, tables);
      await Promise.all(sayings.map((saying) => enter(saying)));
    },
    exported: () => ({
      format: 'moe-signing-guard/1',
      pastMs: memory.pastMs,
      once: [...once].map(([slot, rest]) => ({ slot, ...rest })),
      sequences: [...sequences].map(([sequence, { number, said }]) => ({
        sequence,
        number,
        said: [...said] as [string, Hash][],
      })),
    }),
    take({ pastMs, once: others, sequences: marks }) {
      memory.pastMs = Math.max(memory.pastMs, pastMs);
      for (const { slot, ...rest } of others) if (!once.has(slot)) once.set(slot, rest);
      for (const { sequence, number, said } of marks)
        sequences.set(sequence, mergedMark(sequences.get(sequence), { number, said: new Map(said) }));
      return Promise.resolve();
    },
    close: async () => {
      isClosed = true;
    },
  };
}
