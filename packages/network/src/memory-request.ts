import type { MoeError, NodeId } from '@market-of-experts/core';
import type { RequestContext } from './transport.ts';

/** A request that waits for its answer, at the caller. Settles once; what comes later is dropped. */
export class OutgoingRequest {
  /** What the request started at the peer: usually one, two if the message was duplicated. */
  readonly handlers: IncomingRequest[] = [];
  /** True when a cancellation has reached the peer: a request that arrives after it is not served. */
  isCancelled = false;
  cancelTimer: (() => void) | undefined;
  readonly #resolve: (answer: Uint8Array) => void;
  readonly #reject: (error: MoeError) => void;
  readonly #onSettled: () => void;
  #stopListening: (() => void) | undefined;
  #isSettled = false;

  constructor(
    resolve: (answer: Uint8Array) => void,
    reject: (error: MoeError) => void,
    onSettled: () => void,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onSettled = onSettled;
  }

  listen(signal: AbortSignal, onAbort: () => void): void {
    signal.addEventListener('abort', onAbort, { once: true });
    this.#stopListening = () => signal.removeEventListener('abort', onAbort);
  }

  succeed(answer: Uint8Array): void {
    if (this.#settle()) this.#resolve(answer);
  }

  fail(error: MoeError): void {
    if (this.#settle()) this.#reject(error);
  }

  /** The cancellation reaches the peer. */
  abortHandlers(): void {
    this.isCancelled = true;
    for (const handler of this.handlers) handler.abort();
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.cancelTimer?.();
    this.#stopListening?.();
    this.#onSettled();
    return true;
  }
}

/** A request that is being served, at the peer: the context of its handler. */
export class IncomingRequest implements RequestContext {
  readonly from: NodeId;
  readonly protocol: string;
  readonly call: OutgoingRequest;
  #controller: AbortController | undefined;
  #isAborted = false;

  constructor(from: NodeId, protocol: string, call: OutgoingRequest) {
    this.from = from;
    this.protocol = protocol;
    this.call = call;
  }

  /** Made when first asked for: most handlers never look. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}
