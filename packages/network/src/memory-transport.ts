import type { MoeError, NodeId } from '@market-of-experts/core';
import { copyOf, type MemoryLinks, type MemoryPeer } from './memory-links.ts';
import { OutgoingRequest } from './memory-request.ts';
import { MemoryServing } from './memory-serving.ts';
import { aborted, queueFull, tooLarge, unreachable } from './refusals.ts';
import { RequestsByPeer } from './requests-by-peer.ts';
import type { NoticeHandler, RequestHandler, RequestOptions, Transport } from './transport.ts';
import { transportError } from './transport-error.ts';

/** One node's end of a memory network: sends by itself, and leaves to {@link MemoryServing} what arrives. */
export class MemoryTransport implements Transport {
  readonly self: NodeId;
  readonly #links: MemoryLinks;
  readonly #serving: MemoryServing;
  readonly #outgoing = new RequestsByPeer<OutgoingRequest>();
  readonly #queuedNotices = new Map<NodeId, number>();
  #isClosed = false;

  constructor(self: NodeId, links: MemoryLinks) {
    this.self = self;
    this.#links = links;
    this.#serving = new MemoryServing(self, links);
  }

  /** Where what is sent to the node arrives. */
  get peer(): MemoryPeer {
    return this.#serving;
  }

  handle(protocol: string, handler: RequestHandler): () => void {
    return this.#serving.handlers.add(protocol, handler);
  }

  onNotice(protocol: string, handler: NoticeHandler): () => void {
    return this.#serving.noticeHandlers.add(protocol, handler);
  }

  request(to: NodeId, protocol: string, request: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const { limits } = this.#links;
    const refusal = this.#refusal(to, protocol, request, options);
    if (refusal !== undefined) return Promise.reject(refusal);

    return new Promise((resolve, reject) => {
      const call = new OutgoingRequest(resolve, reject, () => this.#outgoing.remove(to, call));
      this.#outgoing.add(to, call);
      const timeoutMs = Math.min(options.timeoutMs, limits.maxTimeoutMs);
      call.cancelTimer = this.#links.after(timeoutMs, () => {
        // The deadline travels with a request: the handler stops by itself, even behind a partition.
        call.abortHandlers();
        call.fail(
          transportError('request-timeout', `Node ${to} did not answer ${protocol} within ${timeoutMs} ms.`, {
            to,
            protocol,
            timeoutMs,
          }),
        );
      });
      if (options.signal !== undefined)
        call.listen(options.signal, () => {
          this.#links.send(this.self, to, () => call.abortHandlers());
          call.fail(aborted(to, protocol));
        });
      const bytes = copyOf(request);
      const mayRepeat = !this.#links.isClean();
      this.#links.send(this.self, to, () => {
        const peer = this.#links.peer(to);
        if (peer === undefined) call.fail(unreachable(to, protocol));
        else peer.receive(this.self, protocol, mayRepeat ? copyOf(bytes) : bytes, call);
      });
    });
  }

  notify(to: NodeId, protocol: string, notice: Uint8Array): void {
    const { limits } = this.#links;
    if (notice.length > limits.maxMessageBytes) throw tooLarge('notice', notice.length, to, protocol, limits);
    const queued = this.#queuedNotices.get(to) ?? 0;
    if (this.#isClosed || queued >= limits.maxQueuedNoticesPerPeer || this.#links.peer(to) === undefined)
      return;
    this.#queuedNotices.set(to, queued + 1);
    const bytes = copyOf(notice);
    const mayRepeat = !this.#links.isClean();
    let isQueued = true;
    const leaveQueue = (): void => {
      const others = (this.#queuedNotices.get(to) ?? 1) - 1;
      if (!isQueued) return;
      isQueued = false;
      if (others === 0) this.#queuedNotices.delete(to);
      else this.#queuedNotices.set(to, others);
    };
    const deliver = (): void => {
      leaveQueue();
      this.#links.peer(to)?.receiveNotice(this.self, protocol, mayRepeat ? copyOf(bytes) : bytes);
    };
    this.#links.send(this.self, to, deliver, leaveQueue);
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    this.#links.leave(this.self);
    for (const [to, call] of this.#outgoing.takeAll()) {
      this.#links.send(this.self, to, () => call.abortHandlers());
      call.fail(transportError('request-aborted', 'The transport was closed.', { to }));
    }
    this.#serving.close();
    this.#queuedNotices.clear();
    return Promise.resolve();
  }

  #refusal(to: NodeId, protocol: string, request: Uint8Array, options: RequestOptions): MoeError | undefined {
    const { limits } = this.#links;
    if (this.#isClosed)
      return transportError('request-aborted', 'The transport is closed.', { to, protocol });
    if (options.signal?.aborted) return aborted(to, protocol);
    if (request.length > limits.maxMessageBytes)
      return tooLarge('request', request.length, to, protocol, limits);
    if (this.#links.peer(to) === undefined) return unreachable(to, protocol);
    return this.#outgoing.count(to) >= limits.maxInFlightPerPeer
      ? queueFull(to, protocol, limits)
      : undefined;
  }
}
