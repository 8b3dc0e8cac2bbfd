import type { Hash } from '@market-of-experts/core';

/** Something that may be said once until a time, and never again after it: what is signed about one job. */
export interface OnceSaying {
  /** What it is about, e.g. `NODE/job/JOB`; at most 512 characters. */
  readonly slot: string;
  /** Hash of what is to be signed. */
  readonly said: Hash;
  /** No honest question about it comes later, milliseconds since 1970: only then is it forgotten. */
  readonly untilMs: number;
}

/** Something of a sequence that only goes forward: settlements, epochs. */
export interface NumberedSaying {
  /** Name of the sequence, e.g. `NODE/settlement/MARKET`; at most 512 characters. */
  readonly sequence: string;
  readonly number: number;
  /** Several may be said of one number, each once: settlements of different gateways. */
  readonly slot: string;
  readonly said: Hash;
}

export type Saying = OnceSaying | NumberedSaying;

/**
 * What the keys of this process have signed, so that none ever contradicts itself: the check and the entry are one step, and
 * both come before the signature. The same may be said again; another is refused, whatever was forgotten or lost.
 */
export interface SigningGuard {
  /**
   * Enters what is about to be signed. Throws at once, before anything is entered, `signed-already` when something else was
   * said there, `signed-past` when it lies at or below what was forgotten, and `guard-full`. The promise resolves when the
   * entry would survive a power cut: only then may it be signed. It rejects with `guard-failed` (the disk) or `guard-closed`.
   * An entry that is not urgent waits a little for others to share the write with.
   */
  enter(saying: Saying, options?: { readonly isUrgent?: boolean }): Promise<void>;
  /** The same of several, of different slots: all of them are entered, or none. Rejects with what `enter` throws. */
  enterAll(sayings: readonly OnceSaying[]): Promise<void>;
  /** Everything, in the form of {@link Interchange}, for another machine that takes over the keys. */
  exported(): Interchange;
  /** Takes in what was exported elsewhere: what either knows is known from then on. Resolves when that is durable. */
  take(interchange: Interchange): Promise<void>;
  close(): Promise<void>;
}

/** What moves with a key from one machine to another: without it the new one could contradict the old one. */
export interface Interchange {
  readonly format: 'moe-signing-guard/1';
  /** Nothing until this time that is not listed is signed any more, milliseconds since 1970. */
  readonly pastMs: number;
  readonly once: readonly OnceSaying[];
  readonly sequences: readonly {
    readonly sequence: string;
    readonly number: number;
    readonly said: readonly (readonly [slot: string, said: Hash])[];
  }[];
}
