import type { NodeId } from '@moe/core';

/** What a handler knows of the caller. `from` is authenticated by the transport. */
export interface RequestContext {
  readonly from: NodeId;
  /** Aborts when the caller gave up, disconnected, or the transport closes. */
  readonly signal: AbortSignal;
}

export type RequestHandler = (request: Uint8Array, context: RequestContext) => Promise<Uint8Array>;
export type NoticeHandler = (notice: Uint8Array, context: { readonly from: NodeId }) => void;

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Messages between nodes: one long-lived framed stream per peer, many requests in flight on it.
 *
 * `request` rejects with a `MoeError` whose code is `peer-unreachable`, `request-timeout`,
 * `request-aborted`, `message-too-large`, `queue-full`, `unknown-protocol` or `handler-failed`
 * (the handler threw; its message, never its stack, is passed on).
 */
export interface Transport {
  readonly self: NodeId;
  /** One handler per protocol name, e.g. `moe/job/sealed/1`. A second one for the same name throws. */
  handle(protocol: string, handler: RequestHandler): void;
  request(to: NodeId, protocol: string, request: Uint8Array, options: RequestOptions): Promise<Uint8Array>;
  /** One-way message: delivered at most once, silently lost when the peer cannot be reached. */
  onNotice(protocol: string, handler: NoticeHandler): void;
  notify(to: NodeId, protocol: string, notice: Uint8Array): void;
  /** Rejects what is in flight, aborts handlers, frees everything. Safe to call twice. */
  close(): Promise<void>;
}
