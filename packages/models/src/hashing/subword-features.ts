/** Number of hash buckets that features fall into. */
export const featureBuckets = 1 << 17;
const maxFeatures = 400;
const word = /[\p{L}\p{N}]+/gu;
const withoutSpaces = /[\u3040-\u30ff\u4e00-\u9fff]/;
const wordSeed = 7;

/**
 * The hashed features of a text: its words, and their character 3- to 5-grams with `<` and `>` for the ends
 * (for Japanese and Chinese: single characters and pairs), at most 400, in order. Text is brought to NFKC and
 * lower case; `splitsIdentifiers` first splits `camelCase` and `snake_case`.
 */
export function subwordFeatures(text: string, splitsIdentifiers: boolean): Int32Array {
  let plain = text.slice(0, 16_384).normalize('NFKC');
  if (splitsIdentifiers) plain = plain.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/_/g, ' ');
  const features: number[] = [];
  for (const [match] of plain.toLowerCase().matchAll(word)) {
    const token = `<${match}>`;
    features.push(bucket(token, 0, token.length, wordSeed));
    if (withoutSpaces.test(token)) {
      for (let start = 1; start < token.length - 1; start++) {
        features.push(bucket(token, start, start + 1, 1));
        if (start + 2 < token.length) features.push(bucket(token, start, start + 2, 2));
      }
    } else {
      for (let size = 3; size <= 5; size++)
        for (let start = 0; start + size <= token.length; start++)
          features.push(bucket(token, start, start + size, size));
    }
    if (features.length >= maxFeatures) break;
  }
  return Int32Array.from(features.slice(0, maxFeatures));
}

/** FNV-1a over UTF-16 units, its bits mixed once more, cut to a bucket. */
function bucket(text: string, start: number, end: number, seed: number): number {
  let hash = (2166136261 ^ seed) >>> 0;
  for (let index = start; index < end; index++) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 16777619);
  }
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 12;
  return (hash >>> 0) & (featureBuckets - 1);
}
