import { type Clock, decode, encode, type JobId, MoeError, type NodeId } from '@market-of-experts/core';
import type { Transport } from '@market-of-experts/network';
import {
  arrivalsRequestSchema,
  protocols,
  sealedRequestSchema,
} from '@market-of-experts/roles/messages/protocols';

/** What a coordinator does with the messages of its jobs; the honest one passes everything on. */
export type Conduct = (transport: Transport, clock: Clock, job: JobId) => Transport;

const seatProtocols: readonly string[] = [protocols.sealed, protocols.full, protocols.reveal];
const stageProtocols: readonly string[] = [...seatProtocols, protocols.certify];

/** The same end of the network, but for how it asks. */
export function withRequest(transport: Transport, request: Transport['request']): Transport {
  return {
    self: transport.self,
    handle: (protocol, handler) => transport.handle(protocol, handler),
    onNotice: (protocol, handler) => transport.onNotice(protocol, handler),
    notify: (to, protocol, notice) => transport.notify(to, protocol, notice),
    close: () => transport.close(),
    request,
  };
}

/** Never hears `victim`: its answers are thrown away, whatever they say. */
function deafTo(victim: NodeId): Conduct {
  return (transport) =>
    withRequest(transport, async (to, protocol, request, options) => {
      const answer = await transport.request(to, protocol, request, options);
      return to === victim && seatProtocols.includes(protocol) ? new Uint8Array() : answer;
    });
}

/** Never asks `victim`, and lets the witnesses say that it did not answer. */
function silentTo(victim: NodeId): Conduct {
  return (transport) =>
    withRequest(transport, (to, protocol, request, options) =>
      to === victim && seatProtocols.includes(protocol)
        ? Promise.reject(new Error('never asked'))
        : transport.request(to, protocol, request, options),
    );
}

/** Deaf to `victim`, and has the witnesses' records of the first stage signed before any answer can have reached them. */
function hasty(victim: NodeId, witnesses: readonly NodeId[]): Conduct {
  return (transport, clock, job) => {
    const deaf = deafTo(victim)(transport, clock, job);
    const early = new Map<NodeId, Promise<Uint8Array>>();
    return withRequest(transport, (to, protocol, bytes, options) => {
      if (protocol === protocols.sealed && early.size === 0) {
        const { first: _, assignment: __, positions: ___, ...opening } = decode(bytes, sealedRequestSchema);
        const request = encode({ job, stage: 'sealed', opening: encode(opening), asked: bytes });
        for (const witness of witnesses)
          early.set(witness, transport.request(witness, protocols.arrivals, request, { timeoutMs: 5_000 }));
      }
      const isSealed =
        protocol === protocols.arrivals && decode(bytes, arrivalsRequestSchema).stage === 'sealed';
      return (isSealed ? early.get(to) : undefined) ?? deaf.request(to, protocol, bytes, options);
    });
  };
}

/** Honest, but its connection to `victim` breaks once in the first stage, at the moment of asking. */
function brokenOnceTo(victim: NodeId): Conduct {
  return (transport) => {
    let isBroken = false;
    return withRequest(transport, (to, protocol, request, options) => {
      if (isBroken || to !== victim || protocol !== protocols.sealed)
        return transport.request(to, protocol, request, options);
      isBroken = true;
      return Promise.reject(
        new MoeError('peer-unreachable', 'The connection was reset.', { isRetryable: true }),
      );
    });
  };
}

/** As first designed: nobody is asked twice in a stage, and a request that failed on the way counts as answered. */
function askingOnce(): Conduct {
  return (transport) => {
    const asked = new Set<string>();
    return withRequest(transport, async (to, protocol, request, options) => {
      if (!stageProtocols.includes(protocol)) return transport.request(to, protocol, request, options);
      const question = `${protocol} ${to}`;
      if (asked.has(question)) throw new Error('asked before');
      asked.add(question);
      try {
        return await transport.request(to, protocol, request, options);
      } catch (cause) {
        // Not an error that a stage takes for worth another attempt.
        throw new Error('not answered', { cause });
      }
    });
  };
}

export type ConductName = 'honest' | 'reset' | 'deaf' | 'silent' | 'hasty' | 'asking-once';

/** What a coordinator does, `chosen` being whom it is after. */
export function conductOf(name: ConductName, chosen: NodeId, witnesses: readonly NodeId[]): Conduct {
  switch (name) {
    case 'deaf':
      return deafTo(chosen);
    case 'silent':
      return silentTo(chosen);
    case 'hasty':
      return hasty(chosen, witnesses);
    case 'reset':
      return brokenOnceTo(chosen);
    case 'asking-once':
      return askingOnce();
    default:
      return (transport) => transport;
  }
}
