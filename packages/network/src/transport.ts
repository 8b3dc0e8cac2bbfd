import type { NodeId } from '@market-of-experts/core';

/** What a handler knows of the caller. */
export interface RequestContext {
  /** Authenticated by the transport: the peer holds this node key. */
  readonly from: NodeId;
  /** Aborts when the caller gave up or its timeout passed, when it disconnected, or when the transport closes. */
  readonly signal: AbortSignal;
}

export type RequestHandler = (request: Uint8Array, context: RequestContext) => Promise<Uint8Array>;
export type NoticeHandler = (notice: Uint8Array, context: { readonly from: NodeId }) => void;

export interface RequestOptions {
  /** Time until the answer must be here. Longer than the adapter's limit counts as the limit. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Codes of the `MoeError`s that `request` rejects with. */
export type TransportErrorCode =
  /** No such peer, or it closed before it answered. Retryable. */
  | 'peer-unreachable'
  /** No answer within `timeoutMs`. Retryable. */
  | 'request-timeout'
  /** The caller's signal aborted, or the caller's own transport closed. */
  | 'request-aborted'
  /** The request, or the answer to it, is longer than the adapter's limit. */
  | 'message-too-large'
  /** Too many requests of this caller are in flight to this peer. Retryable. */
  | 'queue-full'
  /** The peer has no handler for the protocol. */
  | 'unknown-protocol'
  /**
   * The handler threw. The error's message (never its stack) is the peer's, cut to a bounded length; if the
   * handler threw a `MoeError`, `metadata.handlerCode` is its code and `isRetryable` its own.
   */
  | 'handler-failed';

/**
 * Messages between nodes: one long-lived stream per peer, many requests in flight on it.
 *
 * Bytes are copied at the border: neither side sees what the other does to its buffer afterwards. The order of
 * messages is not promised, and a message may arrive twice (a retry below the port, or a peer that repeats
 * itself), so handlers must stand both. A node may send to itself.
 */
export interface Transport {
  readonly self: NodeId;
  /**
   * One handler per protocol name, e.g. `moe/job/sealed/1`. A second one for the same name throws `protocol-taken`. The
   * result takes the handler away again: requests that it is serving go on, new ones find none.
   */
  handle(protocol: string, handler: RequestHandler): () => void;
  /** The handler's answer. Rejects with a `MoeError` of a {@link TransportErrorCode}; never throws. */
  request(to: NodeId, protocol: string, request: Uint8Array, options: RequestOptions): Promise<Uint8Array>;
  /** As `handle`; names of notices and of requests are separate. */
  onNotice(protocol: string, handler: NoticeHandler): () => void;
  /**
   * One-way message, silently lost when the peer cannot be reached, has no handler for it, or does not keep up.
   * Throws `message-too-large` when it is over the adapter's limit.
   */
  notify(to: NodeId, protocol: string, notice: Uint8Array): void;
  /** Rejects what is in flight, aborts handlers, frees everything. Safe to call twice. */
  close(): Promise<void>;
}
