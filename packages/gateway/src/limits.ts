/**
 * Every bound that a client can meet, and the one place where sizes that strangers choose are set. The table in
 * docs/reference/http-api.md is checked against this one.
 */
export interface GatewayLimits {
  /** Largest request body. */
  readonly maxBodyBytes: number;
  /** Largest body of a request without a key. */
  readonly maxKeylessBodyBytes: number;
  /** How deep arrays and objects of a body may lie in one another, looked at before it is parsed. */
  readonly maxJsonDepth: number;
  /** Values in one body, looked at before it is parsed. */
  readonly maxJsonValues: number;
  /** Units of work that one address may ask for at once without a key (keyless-costs.ts); beyond it 429. */
  readonly keylessBurst: number;
  /** Units of work an address gets back in a second. */
  readonly keylessPerSecond: number;
  /** The same, for all addresses together. */
  readonly keylessBurstOverall: number;
  readonly keylessPerSecondOverall: number;
  /** Addresses that are counted apart; further ones share one count. */
  readonly maxKeylessAddresses: number;
  /** Bodies held in memory at once, all requests together. */
  readonly maxBufferedBodyBytes: number;
  /** Texts of the requests that are queued or at work, with the vectors to come, all together. */
  readonly maxHeldBytes: number;
  /** Texts in one request. */
  readonly maxInputs: number;
  /** Embedding requests that work at once; the next ones queue. */
  readonly maxConcurrentRequests: number;
  /** Embedding requests that wait; one more gets 429. */
  readonly maxQueuedRequests: number;
  /** Longest wait in the queue, then 503. */
  readonly queueTimeoutMs: number;
  /** Largest body of a transaction. */
  readonly maxTransactionBytes: number;
  /** Transactions that are previewed or on their way to disk at once; the next ones queue. */
  readonly maxConcurrentTransactions: number;
  /** Transactions that wait; one more gets 429. */
  readonly maxQueuedTransactions: number;
  /** Open connections; more are closed at once. */
  readonly maxConnections: number;
  /** Time for a request's headers to arrive, then 408. */
  readonly headersTimeoutMs: number;
  /** Time for a whole request to arrive, then 408. */
  readonly requestTimeoutMs: number;
  /** Idle time after which a kept-alive connection closes. */
  readonly keepAliveTimeoutMs: number;
  /** Time without a byte in either direction after which a connection closes, unless a request of it is at work. */
  readonly socketTimeoutMs: number;
  /** Clients of `/v1/events`; one more gets 503. */
  readonly maxEventClients: number;
  /** Streams of events of one account, or of one address without a key; one more gets 429. */
  readonly maxEventStreamsPerClient: number;
  /** Events kept for resuming; a client further behind than this is dropped. */
  readonly eventHistory: number;
  /** Time between comments on a quiet event stream. */
  readonly eventHeartbeatMs: number;
  /** How old an answer of `/v1/status` or `/metrics` may be. */
  readonly statusMaxAgeMs: number;
  /** How old an answer of `/v1/regions` may be. */
  readonly regionsMaxAgeMs: number;
  /** Readings of the history for `/v1/regions` that wait while one runs; one more gets 429. */
  readonly maxQueuedRegions: number;
  /** How long `close()` waits for requests in flight before it aborts them. */
  readonly closeGraceMs: number;
}

export const defaultLimits: GatewayLimits = {
  maxBodyBytes: 8 * 1024 * 1024,
  maxKeylessBodyBytes: 64 * 1024,
  maxJsonDepth: 32,
  maxJsonValues: 65_536,
  keylessBurst: 1_000,
  keylessPerSecond: 200,
  keylessBurstOverall: 4_000,
  keylessPerSecondOverall: 500,
  maxKeylessAddresses: 4_096,
  maxBufferedBodyBytes: 256 * 1024 * 1024,
  maxHeldBytes: 512 * 1024 * 1024,
  maxInputs: 2_048,
  maxConcurrentRequests: 128,
  maxQueuedRequests: 512,
  queueTimeoutMs: 10_000,
  maxTransactionBytes: 1024 * 1024,
  maxConcurrentTransactions: 256,
  maxQueuedTransactions: 1_024,
  maxConnections: 2_048,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 60_000,
  socketTimeoutMs: 120_000,
  maxEventClients: 256,
  maxEventStreamsPerClient: 64,
  eventHistory: 1_000,
  eventHeartbeatMs: 15_000,
  statusMaxAgeMs: 200,
  regionsMaxAgeMs: 2_000,
  maxQueuedRegions: 16,
  closeGraceMs: 10_000,
};
