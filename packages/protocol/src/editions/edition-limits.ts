/** What an edition may hold at most. */
export const EDITION_LIMITS = {
  parts: 8,
  /** Numbers of one part's vector. */
  dimensions: 4_096,
  /** Halves: a weight is at most 32. */
  weightSteps: 64,
  places: 4_096,
  windowCharacters: 65_536,
  /** Canonical bytes. */
  bytes: 256 * 1024,
} as const;
