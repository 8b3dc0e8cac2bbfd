import type { ServedText, ServeRequest } from '@market-of-experts/api/market-service';
import { type Clock, hashOf } from '@market-of-experts/core';

/**
 * Answers that a client has paid for and did not get, because another text of its request failed or it went away. When it
 * asks again, it gets them.
 */
export interface Undelivered {
  keep(request: ServeRequest, text: string, answer: ServedText): void;
  /** Hands an answer out, once. */
  take(request: ServeRequest, text: string): ServedText | undefined;
}

const keptMs = 10 * 60_000;
const maxBytes = 32 * 1024 * 1024;
/** Of an answer besides its bytes. */
const overheadBytes = 512;

export function undelivered(clock: Clock): Undelivered {
  /** The oldest first. The same text may have been answered several times. */
  const kept = new Map<string, { readonly answers: ServedText[]; readonly atMs: number }>();
  let bytes = 0;
  const keyOf = (request: ServeRequest, text: string): string => {
    const { account, mode = 'auto', edition = null, isStrict = false, isTextPublic = false } = request;
    return hashOf('moe/undelivered/3', [account, mode, edition, isStrict, isTextPublic, text]);
  };
  const sizeOf = ({ answer }: ServedText): number => answer.byteLength + overheadBytes;
  const drop = (key: string): void => {
    for (const answer of kept.get(key)?.answers ?? []) bytes -= sizeOf(answer);
    kept.delete(key);
  };
  const dropOld = (): void => {
    for (const [key, { atMs }] of kept) {
      if (bytes <= maxBytes && clock.nowMs() - atMs < keptMs) return;
      drop(key);
    }
  };
  return {
    keep(request, text, answer) {
      const key = keyOf(request, text);
      const answers = [...(kept.get(key)?.answers ?? []), answer];
      kept.delete(key);
      kept.set(key, { answers, atMs: clock.nowMs() });
      bytes += sizeOf(answer);
      dropOld();
    },
    take(request, text) {
      if (kept.size === 0) return undefined;
      dropOld();
      const key = keyOf(request, text);
      const answers = kept.get(key)?.answers;
      const answer = answers?.at(-1);
      const { maxFeeMicro } = request;
      if (answers === undefined || answer === undefined) return undefined;
      if (maxFeeMicro !== undefined && answer.feeMicro > maxFeeMicro) return undefined;
      answers.pop();
      bytes -= sizeOf(answer);
      if (answers.length === 0) kept.delete(key);
      return answer;
    },
  };
}
