import { MoeError, type NodeId, plainText } from '@market-of-experts/core';
import type { NetworkLimits } from './limits.ts';
import { IncomingRequest, OutgoingRequest } from './memory-request.ts';
import type { NoticeHandler, RequestHandler, RequestOptions, Transport } from './transport.ts';
import { handlerFailure, transportError } from './transport-error.ts';

/** What a transport needs of its memory network. */
export interface MemoryLinks {
  readonly limits: NetworkLimits;
  after(delayMs: number, task: () => void): () => void;
  peer(id: NodeId): MemoryTransport | undefined;
  leave(id: NodeId): void;
  isClean(): boolean;
  /** Calls `deliver` when a message arrives: once, or as the injected faults have it; `onLost` if one does not. */
  send(from: NodeId, to: NodeId, deliver: () => void, onLost?: () => void): void;
}

/** One node's end of a memory network. */
export class MemoryTransport implements Transport {
  readonly self: NodeId;
  readonly #links: MemoryLinks;
  readonly #handlers = new Map<string, RequestHandler>();
  readonly #noticeHandlers = new Map<string, NoticeHandler>();
  readonly #outgoing = new Map<NodeId, Set<OutgoingRequest>>();
  readonly #incoming = new Map<NodeId, Set<IncomingRequest>>();
  readonly #queuedNotices = new Map<NodeId, number>();
  readonly #warned = new Set<string>();
  #handlersRunning = 0;
  #isClosed = false;

  constructor(self: NodeId, links: MemoryLinks) {
    this.self = self;
    this.#links = links;
  }

  handle(protocol: string, handler: RequestHandler): () => void {
    return claim(this.#handlers, protocol, handler);
  }

  onNotice(protocol: string, handler: NoticeHandler): () => void {
    return claim(this.#noticeHandlers, protocol, handler);
  }

  request(to: NodeId, protocol: string, request: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const { limits } = this.#links;
    const refusal = this.#refusal(to, protocol, request, options);
    if (refusal !== undefined) return Promise.reject(refusal);
    const inFlight = setOf(this.#outgoing, to);
    if (inFlight.size >= limits.maxInFlightPerPeer) return Promise.reject(queueFull(to, protocol, limits));

    return new Promise((resolve, reject) => {
      const call = new OutgoingRequest(resolve, reject, () => leave(this.#outgoing, to, inFlight, call));
      inFlight.add(call);
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
        else peer.#receive(this.self, protocol, mayRepeat ? copyOf(bytes) : bytes, call);
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
      const peer = this.#links.peer(to);
      if (peer !== undefined) peer.#receiveNotice(this.self, protocol, mayRepeat ? copyOf(bytes) : bytes);
    };
    this.#links.send(this.self, to, deliver, leaveQueue);
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    this.#links.leave(this.self);
    for (const [to, calls] of this.#outgoing)
      for (const call of [...calls]) {
        this.#links.send(this.self, to, () => call.abortHandlers());
        call.fail(transportError('request-aborted', 'The transport was closed.', { to }));
      }
    for (const [from, requests] of this.#incoming)
      for (const request of [...requests]) {
        request.abort();
        this.#links.send(this.self, from, () => request.call.fail(unreachable(this.self, request.protocol)));
      }
    this.#outgoing.clear();
    this.#incoming.clear();
    this.#queuedNotices.clear();
    this.#handlers.clear();
    this.#noticeHandlers.clear();
    return Promise.resolve();
  }

  #refusal(to: NodeId, protocol: string, request: Uint8Array, options: RequestOptions): MoeError | undefined {
    const { limits } = this.#links;
    if (this.#isClosed)
      return transportError('request-aborted', 'The transport is closed.', { to, protocol });
    if (options.signal?.aborted) return aborted(to, protocol);
    if (request.length > limits.maxMessageBytes)
      return tooLarge('request', request.length, to, protocol, limits);
    return this.#links.peer(to) === undefined ? unreachable(to, protocol) : undefined;
  }

  #receive(from: NodeId, protocol: string, request: Uint8Array, call: OutgoingRequest): void {
    if (call.isCancelled) return;
    const running = setOf(this.#incoming, from);
    const handler = this.#handlerFor(protocol, running.size);
    if (typeof handler !== 'function') {
      leave(this.#incoming, from, running);
      this.#answer(from, call, handler);
      return;
    }
    const incoming = new IncomingRequest(from, protocol, call);
    running.add(incoming);
    this.#handlersRunning += 1;
    call.handlers.push(incoming);
    const finish = (answer: Uint8Array | MoeError): void => {
      leave(this.#incoming, from, running, incoming);
      this.#handlersRunning -= 1;
      if (!this.#isClosed) this.#answer(from, call, answer);
    };
    run(handler, request, incoming).then(
      (response) => finish(this.#checkedResponse(response, protocol)),
      (error) => finish(handlerFailure(error)),
    );
  }

  #handlerFor(protocol: string, runningForCaller: number): RequestHandler | MoeError {
    const { limits } = this.#links;
    // Handlers that ignore their signal keep their place: a caller that aborts early gets no more of them.
    if (runningForCaller >= limits.maxInFlightPerPeer || this.#handlersRunning >= limits.maxHandlers)
      return queueFull(this.self, protocol, limits);
    return (
      this.#handlers.get(protocol) ??
      transportError('unknown-protocol', `Node ${this.self} does not serve ${protocol}.`, {
        to: this.self,
        protocol,
      })
    );
  }

  #checkedResponse(response: Uint8Array, protocol: string): Uint8Array | MoeError {
    const { limits } = this.#links;
    if (!(response instanceof Uint8Array))
      return transportError('handler-failed', `The handler of ${protocol} did not return bytes.`);
    if (response.length > limits.maxMessageBytes)
      return tooLarge('answer', response.length, this.self, protocol, limits);
    return copyOf(response);
  }

  #answer(to: NodeId, call: OutgoingRequest, answer: Uint8Array | MoeError): void {
    const settle = (): void => (answer instanceof Uint8Array ? call.succeed(answer) : call.fail(answer));
    // Settling a promise is already asynchronous for the caller.
    if (this.#links.isClean()) settle();
    else this.#links.send(this.self, to, settle);
  }

  #receiveNotice(from: NodeId, protocol: string, notice: Uint8Array): void {
    try {
      this.#noticeHandlers.get(protocol)?.(notice, { from });
    } catch (error) {
      // Once per protocol: a peer must not be able to fill the log.
      if (this.#warned.has(protocol)) return;
      this.#warned.add(protocol);
      process.emitWarning(
        `A handler of ${protocol} notices failed: ${plainText(handlerFailure(error).message)}`,
      );
    }
  }
}

async function run(
  handler: RequestHandler,
  request: Uint8Array,
  context: IncomingRequest,
): Promise<Uint8Array> {
  return handler(request, context);
}

/** `slice` of a Buffer would share its memory. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function claim<Handler>(handlers: Map<string, Handler>, protocol: string, handler: Handler): () => void {
  if (handlers.has(protocol))
    throw new MoeError(
      'protocol-taken',
      `${protocol} has a handler already. Register one handler per protocol and transport.`,
    );
  handlers.set(protocol, handler);
  return () => {
    // The name may have been taken by another since.
    if (handlers.get(protocol) === handler) handlers.delete(protocol);
  };
}

function setOf<Item>(sets: Map<NodeId, Set<Item>>, id: NodeId): Set<Item> {
  let set = sets.get(id);
  if (set === undefined) {
    set = new Set();
    sets.set(id, set);
  }
  return set;
}

/** Peers come and go: an empty set is not kept. */
function leave<Item>(sets: Map<NodeId, Set<Item>>, id: NodeId, set: Set<Item>, item?: Item): void {
  if (item !== undefined) set.delete(item);
  if (set.size === 0 && sets.get(id) === set) sets.delete(id);
}

function unreachable(to: NodeId, protocol: string): MoeError {
  return transportError('peer-unreachable', `Node ${to} cannot be reached.`, { to, protocol });
}

function aborted(to: NodeId, protocol: string): MoeError {
  return transportError('request-aborted', `The request ${protocol} to ${to} was aborted.`, { to, protocol });
}

function queueFull(to: NodeId, protocol: string, limits: NetworkLimits): MoeError {
  return transportError(
    'queue-full',
    `Node ${to} has too many requests in flight (at most ${limits.maxInFlightPerPeer} of one peer, ` +
      `${limits.maxHandlers} in all). Wait for answers before sending more.`,
    { to, protocol },
  );
}

function tooLarge(
  what: 'request' | 'answer' | 'notice',
  bytes: number,
  to: NodeId,
  protocol: string,
  limits: NetworkLimits,
): MoeError {
  return transportError(
    'message-too-large',
    `The ${what} of ${protocol} has ${bytes} bytes; a message may have ${limits.maxMessageBytes}.`,
    { to, protocol, bytes, maxBytes: limits.maxMessageBytes },
  );
}
