import type { Clock } from '@market-of-experts/core';

/** Answers that a client has paid for and did not get. When it asks for the same again, it gets them, for nothing more. */
export interface PaidAnswers<Answer> {
  /** The same may have been answered several times. */
  keep(key: string, answer: Answer): void;
  has(key: string): boolean;
  /** Hands the latest answer out, once; one that is not `isWanted` stays. */
  take(key: string, isWanted?: (answer: Answer) => boolean): Answer | undefined;
  readonly size: number;
}

const keptMs = 10 * 60_000;
const maxBytes = 32 * 1024 * 1024;
/** Of an answer besides its bytes. */
const overheadBytes = 512;

/** Keeps answers for ten minutes and up to 32 MiB; where there are more, the oldest go. */
export function paidAnswers<Answer extends { readonly answer: Uint8Array }>(
  clock: Pick<Clock, 'nowMs'>,
): PaidAnswers<Answer> {
  /** The oldest first. */
  const kept = new Map<string, { readonly answers: Answer[]; readonly atMs: number }>();
  let bytes = 0;
  const sizeOf = ({ answer }: Answer): number => answer.byteLength + overheadBytes;
  const dropOld = (): void => {
    for (const [key, { answers, atMs }] of kept) {
      if (bytes <= maxBytes && clock.nowMs() - atMs < keptMs) return;
      for (const answer of answers) bytes -= sizeOf(answer);
      kept.delete(key);
    }
  };
  const current = (key: string): Answer[] | undefined => {
    if (kept.size > 0) dropOld();
    return kept.get(key)?.answers;
  };
  return {
    keep(key, answer) {
      const answers = [...(kept.get(key)?.answers ?? []), answer];
      kept.delete(key);
      kept.set(key, { answers, atMs: clock.nowMs() });
      bytes += sizeOf(answer);
      dropOld();
    },
    has: (key) => current(key) !== undefined,
    take(key, isWanted = () => true) {
      const answers = current(key);
      const answer = answers?.at(-1);
      if (answers === undefined || answer === undefined || !isWanted(answer)) return undefined;
      answers.pop();
      bytes -= sizeOf(answer);
      if (answers.length === 0) kept.delete(key);
      return answer;
    },
    get size() {
      return kept.size;
    },
  };
}
