import { MoeError } from '@market-of-experts/core';

/** One handler for each protocol. */
export class ProtocolHandlers<Handler> {
  readonly #handlers = new Map<string, Handler>();

  get(protocol: string): Handler | undefined {
    return this.#handlers.get(protocol);
  }

  /** The result takes the handler away again. Throws `protocol-taken`. */
  add(protocol: string, handler: Handler): () => void {
    const handlers = this.#handlers;
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

  clear(): void {
    this.#handlers.clear();
  }
}
