/** What a peer may cost us, whatever it sends (packages/network/LIMITS.md). */
export interface NetworkLimits {
  /** Longest request, answer or notice. */
  readonly maxMessageBytes: number;
  /** Requests to one peer that wait for an answer, and handlers that run for one peer. */
  readonly maxInFlightPerPeer: number;
  /** Handlers that run for all peers together. */
  readonly maxHandlers: number;
  /** Notices on their way to one peer; more are lost. */
  readonly maxQueuedNoticesPerPeer: number;
  /** Longest that a request may keep its place. */
  readonly maxTimeoutMs: number;
}

export const defaultNetworkLimits: NetworkLimits = {
  maxMessageBytes: 16 * 1024 * 1024,
  maxInFlightPerPeer: 256,
  maxHandlers: 4_096,
  maxQueuedNoticesPerPeer: 1_024,
  maxTimeoutMs: 10 * 60 * 1_000,
};
