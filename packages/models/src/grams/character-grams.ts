/** Characters that are read, before and after a text is brought to one form. */
const maxCharacters = 16_384;
/** More marks on a letter than any language sets: ordering them takes the square of their number. */
const pile = /(\p{M}{30})\p{M}+/gu;
/** Runs of scripts whose characters say much each (Chinese, Japanese, Korean), or of all other letters and digits. */
const run =
  /([[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}]&&[\p{L}\p{M}\p{N}]]+)|[[\p{L}\p{M}\p{N}]--[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}]]+/gv;

/**
 * How often each character n-gram occurs, by 32-bit hash: of each word with `<` and `>` for its ends those of 3 to 5
 * characters, of Chinese, Japanese and Korean those of 1 and 2. Text is brought to NFKC and lower case, `camelCase` and
 * `snake_case` are split, and what is not a letter, mark or digit is left out. A text without any has one gram: itself.
 * Work is bounded: no more than 16,384 characters are read.
 */
export function countGrams(text: string): ReadonlyMap<number, number> {
  const plain = text
    .slice(0, maxCharacters)
    .replace(pile, '$1')
    .normalize('NFKC')
    .slice(0, maxCharacters)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase();
  const counts = new Map<number, number>();
  for (const [word, dense] of plain.matchAll(run)) {
    if (dense === undefined) countRuns(counts, `<${word}>`, 3, 5);
    else countRuns(counts, dense, 1, 2);
  }
  if (counts.size === 0) {
    const whole = [...plain].length + 2;
    countRuns(counts, `<${plain}>`, whole, whole);
  }
  return counts;
}

/** Counts all runs of `shortest` to `longest` characters. */
function countRuns(counts: Map<number, number>, text: string, shortest: number, longest: number): void {
  const codes = Array.from(text, (character) => character.codePointAt(0)!);
  for (let start = 0; start + shortest <= codes.length; start++) {
    let hash = 2166136261;
    const end = Math.min(start + longest, codes.length);
    for (let index = start; index < end; index++) {
      // FNV-1a, over whole characters.
      hash = Math.imul(hash ^ codes[index]!, 16777619);
      if (index + 1 < start + shortest) continue;
      const gram = mixed(hash);
      counts.set(gram, (counts.get(gram) ?? 0) + 1);
    }
  }
}

/** All bits of the hash brought into each, since its upper ones choose a bucket. */
function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (half ^ (half >>> 12)) >>> 0;
}
