import { type MoeError, type NodeId, plainText } from '@market-of-experts/core';
import { copyOf, type MemoryLinks, type MemoryPeer } from './memory-links.ts';
import { IncomingRequest, type OutgoingRequest } from './memory-request.ts';
import { ProtocolHandlers } from './protocol-handlers.ts';
import { queueFull, tooLarge, unreachable } from './refusals.ts';
import { RequestsByPeer } from './requests-by-peer.ts';
import type { NoticeHandler, RequestHandler } from './transport.ts';
import { handlerFailure, transportError } from './transport-error.ts';

/** What one node of a memory network serves: its handlers, and the requests of others that they are at. */
export class MemoryServing implements MemoryPeer {
  readonly handlers = new ProtocolHandlers<RequestHandler>();
  readonly noticeHandlers = new ProtocolHandlers<NoticeHandler>();
  readonly #self: NodeId;
  readonly #links: MemoryLinks;
  readonly #incoming = new RequestsByPeer<IncomingRequest>();
  readonly #warned = new Set<string>();
  #handlersRunning = 0;
  #isClosed = false;

  constructor(self: NodeId, links: MemoryLinks) {
    this.#self = self;
    this.#links = links;
  }

  receive(from: NodeId, protocol: string, request: Uint8Array, call: OutgoingRequest): void {
    if (call.isCancelled) return;
    const handler = this.#handlerFor(protocol, from);
    if (typeof handler !== 'function') {
      this.#answer(from, call, handler);
      return;
    }
    const incoming = new IncomingRequest(from, protocol, call);
    this.#incoming.add(from, incoming);
    this.#handlersRunning += 1;
    call.handlers.push(incoming);
    const finish = (answer: Uint8Array | MoeError): void => {
      this.#incoming.remove(from, incoming);
      this.#handlersRunning -= 1;
      if (!this.#isClosed) this.#answer(from, call, answer);
    };
    run(handler, request, incoming).then(
      (response) => finish(this.#checkedResponse(response, protocol)),
      (error) => finish(handlerFailure(error)),
    );
  }

  receiveNotice(from: NodeId, protocol: string, notice: Uint8Array): void {
    try {
      this.noticeHandlers.get(protocol)?.(notice, { from });
    } catch (error) {
      // Once per protocol: a peer must not be able to fill the log.
      if (this.#warned.has(protocol)) return;
      this.#warned.add(protocol);
      process.emitWarning(
        `A handler of ${protocol} notices failed: ${plainText(handlerFailure(error).message)}`,
      );
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const [from, request] of this.#incoming.takeAll()) {
      request.abort();
      this.#links.send(this.#self, from, () => request.call.fail(unreachable(this.#self, request.protocol)));
    }
    this.handlers.clear();
    this.noticeHandlers.clear();
  }

  #handlerFor(protocol: string, caller: NodeId): RequestHandler | MoeError {
    const { limits } = this.#links;
    // Handlers that ignore their signal keep their place: a caller that aborts early gets no more of them.
    if (
      this.#incoming.count(caller) >= limits.maxInFlightPerPeer ||
      this.#handlersRunning >= limits.maxHandlers
    )
      return queueFull(this.#self, protocol, limits);
    return (
      this.handlers.get(protocol) ??
      transportError('unknown-protocol', `Node ${this.#self} does not serve ${protocol}.`, {
        to: this.#self,
        protocol,
      })
    );
  }

  #checkedResponse(response: Uint8Array, protocol: string): Uint8Array | MoeError {
    const { limits } = this.#links;
    if (!(response instanceof Uint8Array))
      return transportError('handler-failed', `The handler of ${protocol} did not return bytes.`);
    if (response.length > limits.maxMessageBytes)
      return tooLarge('answer', response.length, this.#self, protocol, limits);
    return copyOf(response);
  }

  #answer(to: NodeId, call: OutgoingRequest, answer: Uint8Array | MoeError): void {
    const settle = (): void => (answer instanceof Uint8Array ? call.succeed(answer) : call.fail(answer));
    // Settling a promise is already asynchronous for the caller.
    if (this.#links.isClean()) settle();
    else this.#links.send(this.#self, to, settle);
  }
}

async function run(
  handler: RequestHandler,
  request: Uint8Array,
  context: IncomingRequest,
): Promise<Uint8Array> {
  return handler(request, context);
}
