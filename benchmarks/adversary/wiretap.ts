/** Everything that nodes say to one another, kept to be said again. */
import type { NodeId } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';

export interface Heard {
  readonly kind: 'request' | 'answer' | 'notice';
  readonly from: NodeId;
  readonly to: NodeId;
  readonly protocol: string;
  readonly bytes: Uint8Array;
  /** What an answer answers. */
  readonly request?: Uint8Array;
}

export interface Wiretap {
  /** A transport whose messages are heard. */
  tap(transport: Transport): Transport;
  /** The latest messages, oldest first. */
  readonly heard: readonly Heard[];
  /** The present end of a node's network. */
  end(node: NodeId): Transport | undefined;
  /** Handlers of tapped nodes that have not answered yet. */
  handling(): number;
}

const kept = 4_096;

export function wiretap(onHeard: (message: Heard) => void): Wiretap {
  const heard: Heard[] = [];
  const ends = new Map<NodeId, Transport>();
  let handling = 0;
  const hear = (message: Heard): void => {
    heard.push(message);
    if (heard.length > kept) heard.splice(0, kept / 4);
    onHeard(message);
  };
  return {
    heard,
    end: (node) => ends.get(node),
    handling: () => handling,
    tap(transport) {
      const from = transport.self;
      ends.set(from, transport);
      return {
        self: from,
        close: () => transport.close(),
        onNotice: (protocol, handler) => transport.onNotice(protocol, handler),
        handle: (protocol, handler) =>
          transport.handle(protocol, async (request, context) => {
            handling += 1;
            try {
              const bytes = await handler(request, context);
              hear({ kind: 'answer', from, to: context.from, protocol, bytes, request });
              return bytes;
            } finally {
              handling -= 1;
            }
          }),
        notify(to, protocol, bytes) {
          hear({ kind: 'notice', from, to, protocol, bytes });
          transport.notify(to, protocol, bytes);
        },
        request(to, protocol, bytes, options) {
          hear({ kind: 'request', from, to, protocol, bytes });
          return transport.request(to, protocol, bytes, options);
        },
      };
    },
  };
}
