import type { NodeId } from '@market-of-experts/core';
import type { RequestContext, Transport } from './transport.ts';
import { transportError } from './transport-error.ts';

/**
 * A view of a node's one connection in which every protocol name carries a scope: `moe/job/sealed/3` travels as
 * `moe/job/sealed/3@SCOPE`. So the same role can work in several markets on one node, each with handlers of its own.
 * Closing the view gives up what is in flight in it and takes its handlers away; the connection stays open, and the scope
 * can be opened again.
 */
export function scopedTransport(transport: Transport, scope: string): Transport {
  const outgoing = new Set<AbortController>();
  const incoming = new Set<ScopedContext>();
  const takeAway: (() => void)[] = [];
  let isClosed = false;
  const scoped = (protocol: string): string => `${protocol}@${scope}`;

  return {
    self: transport.self,
    handle(protocol, handler) {
      const undo = transport.handle(scoped(protocol), async (request, outer) => {
        const context = new ScopedContext(outer);
        incoming.add(context);
        try {
          return await handler(request, context);
        } finally {
          incoming.delete(context);
        }
      });
      takeAway.push(undo);
      return undo;
    },
    onNotice(protocol, handler) {
      const undo = transport.onNotice(scoped(protocol), handler);
      takeAway.push(undo);
      return undo;
    },
    async request(to, protocol, request, { timeoutMs, signal }) {
      if (isClosed)
        throw transportError('request-aborted', `The scope "${scope}" is closed.`, { to, protocol });
      const controller = new AbortController();
      const abort = (): void => controller.abort();
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
      outgoing.add(controller);
      try {
        return await transport.request(to, scoped(protocol), request, {
          timeoutMs,
          signal: controller.signal,
        });
      } finally {
        outgoing.delete(controller);
        signal?.removeEventListener('abort', abort);
      }
    },
    notify(to, protocol, notice) {
      if (!isClosed) transport.notify(to, scoped(protocol), notice);
    },
    async close() {
      isClosed = true;
      for (const undo of takeAway.splice(0)) undo();
      for (const controller of outgoing) controller.abort();
      for (const context of incoming) context.abort();
    },
  };
}

/** The context of a request whose signal also aborts when the scope closes. */
class ScopedContext implements RequestContext {
  readonly from: NodeId;
  readonly #outer: RequestContext;
  #controller: AbortController | undefined;
  #isAborted = false;

  constructor(outer: RequestContext) {
    this.from = outer.from;
    this.#outer = outer;
  }

  /** Made when first asked for: most handlers never look. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.#isAborted || this.#outer.signal.aborted) controller.abort();
      else this.#outer.signal.addEventListener('abort', () => controller.abort(), { once: true });
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}
