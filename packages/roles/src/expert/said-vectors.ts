import type { Hash } from '@market-of-experts/core';

/** What an expert has answered under its version, by text: it says the same again, whatever its model says by now. */
export interface SaidVectors {
  get(text: Hash): Uint8Array | undefined;
  /** What was said first: the answer itself, unless another request was quicker. */
  keep(text: Hash, answer: Uint8Array): Uint8Array;
}

/** Of each expert in each market, of which a house may have a dozen. */
const maxTexts = 8_192;
const maxBytes = 16 * 1024 * 1024;

/** Keeps what was asked for lately; in memory, for the time of a process (docs/decisions/0035-statements.md). */
export function saidVectors(
  limits: { readonly texts: number; readonly bytes: number } = { texts: maxTexts, bytes: maxBytes },
): SaidVectors {
  /** The one that was asked for longest ago first. */
  const said = new Map<Hash, Uint8Array>();
  let bytes = 0;
  const get = (text: Hash): Uint8Array | undefined => {
    const known = said.get(text);
    if (known === undefined) return undefined;
    said.delete(text);
    said.set(text, known);
    return known;
  };
  return {
    get,
    keep(text, answer) {
      const known = get(text);
      if (known !== undefined) return known;
      // A copy of its own: what it lies in may be the vectors of a whole batch.
      const kept = Uint8Array.from(answer);
      said.set(text, kept);
      bytes += kept.length;
      for (const [oldest, each] of said) {
        if (said.size <= limits.texts && bytes <= limits.bytes) break;
        said.delete(oldest);
        bytes -= each.length;
      }
      return kept;
    },
  };
}
