/** A model that turns texts into vectors, whatever runs it. */
export interface ExpertBackend {
  /** Catalogue name, e.g. `minilm-l6`. */
  readonly name: string;
  /** Length of the native vectors, before alignment into the market's space. */
  readonly dimensions: number;
  /**
   * One native vector per text, in order, each of `dimensions` finite numbers (not necessarily of unit
   * length). Rejects with a `MoeError`: `backend-unavailable` (retryable), `backend-timeout` (retryable),
   * `overloaded` (retryable), `backend-rejected` (a server refused the request), `backend-invalid-output`,
   * `request-aborted`.
   */
  embed(texts: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<Float32Array[]>;
  close(): Promise<void>;
}
