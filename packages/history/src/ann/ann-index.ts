/** What an index found: keys of vectors, the likeliest first. */
export type FoundKeys = readonly number[];

/**
 * Finds the vectors nearest to a query by cosine. Its order is the adapter's own estimate; whoever needs it exact
 * compares the candidates with the vectors themselves. One thread adds at a time, so that an index is the same bytes
 * for the same calls in the same order.
 */
export interface AnnIndex {
  readonly size: number;
  /** Memory that it holds, bytes; an estimate where the library does not say. */
  readonly memoryBytes: number;
  /** Keys are whole numbers below 2⁵³; the vector (int8, any length but zero) is copied. A known key is replaced. */
  add(key: number, vector: Int8Array): void;
  /** Whether there was such a key. */
  remove(key: number): boolean;
  /** At most `candidates` keys (fewer when there are fewer): the more, the surer the nearest are among them. */
  search(query: Float32Array, candidates: number): FoundKeys;
  /** Writes it to a file that {@link AnnIndexKind.open} reads. Not atomic: write beside the place and rename. */
  save(path: string): void;
}

/** An adapter. */
export interface AnnIndexKind {
  /** Goes into file names: an index of another kind or of other settings is never read by mistake. */
  readonly name: string;
  create(dimensions: number): AnnIndex;
  /**
   * Throws `history-index-invalid` when the file is missing, damaged or of another dimension. An adapter may map the
   * file and read it whole only at the first change, so it has to stay until the index was saved elsewhere.
   */
  open(path: string, dimensions: number): AnnIndex;
}
