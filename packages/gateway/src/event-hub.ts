import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { MoeError } from '@moe/core';
import type { MarketService } from '@moe/node';
import { toJson } from './json.ts';

/** Bytes that may wait in one client's socket before it gets no more until it has read them. */
const socketHighWaterBytes = 64 * 1024;
/** Time for a dropped client to read its farewell. */
const farewellMs = 5_000;

/** Sends what happens in the market to any number of listeners as server-sent events. */
export interface EventHub {
  /**
   * Starts a stream on a response whose headers are not sent yet. `lastEventId` resumes after that event; if it
   * is unknown or no longer kept, the client gets an event `reset`: it should read `/v1/status` again.
   * Throws `overloaded` when there are too many clients.
   */
  attach(response: ServerResponse, lastEventId: string | undefined, headers: Record<string, string>): void;
  readonly clients: number;
  /** Streams that were ended because their client did not keep up. */
  readonly dropped: number;
  close(): void;
}

interface Client {
  readonly response: ServerResponse;
  /** Sequence number of the next event to send. */
  next: number;
}

/**
 * One ring of encoded events serves all clients; each has only a cursor into it. So a slow client costs a few
 * kilobytes, and "too slow" means that its cursor has left the ring.
 */
export function createEventHub(
  service: MarketService,
  limits: {
    readonly maxEventClients: number;
    readonly eventHistory: number;
    readonly eventHeartbeatMs: number;
  },
): EventHub {
  // An id is the number of events up to and with its own. Ids of another run must not be taken for ours.
  const run = randomBytes(6).toString('hex');
  const ring: Buffer[] = new Array(limits.eventHistory);
  const clients = new Set<Client>();
  let next = 0;
  let dropped = 0;

  const oldest = () => Math.max(0, next - limits.eventHistory);

  const finish = (client: Client, farewell: string) => {
    clients.delete(client);
    client.response.end(`: ${farewell}\n\n`);
    setTimeout(() => client.response.destroy(), farewellMs).unref();
  };

  const pump = (client: Client) => {
    if (client.next < oldest()) {
      dropped += 1;
      return finish(client, `dropped: more than ${limits.eventHistory} events behind, please reconnect`);
    }
    while (client.next < next && client.response.writableLength < socketHighWaterBytes) {
      client.response.write(ring[client.next % limits.eventHistory]);
      client.next += 1;
    }
  };

  const unsubscribe = service.subscribe((event) => {
    const frame = `id: ${run}-${next + 1}\nevent: ${event.type}\ndata: ${toJson(event)}\n\n`;
    ring[next % limits.eventHistory] = Buffer.from(frame);
    next += 1;
    for (const client of clients) pump(client);
  });

  const heartbeat = setInterval(() => {
    for (const { response } of clients)
      if (response.writableLength < socketHighWaterBytes) response.write(': alive\n\n');
  }, limits.eventHeartbeatMs);
  heartbeat.unref();

  const resumeAfter = (lastEventId: string | undefined): number | undefined => {
    if (lastEventId === undefined) return next;
    const match = /^([0-9a-f]{12})-(\d{1,15})$/.exec(lastEventId);
    const position = Number(match?.[2]);
    return match?.[1] === run && position >= oldest() && position <= next ? position : undefined;
  };

  return {
    get clients() {
      return clients.size;
    },
    get dropped() {
      return dropped;
    },
    attach(response, lastEventId, headers) {
      if (clients.size >= limits.maxEventClients)
        throw new MoeError(
          'overloaded',
          `${clients.size} clients follow the events already. Try again later, or read /v1/status.`,
          { isRetryable: true },
        );
      const resumed = resumeAfter(lastEventId);
      const client: Client = { response, next: resumed ?? next };
      clients.add(client);
      response.on('close', () => clients.delete(client)).on('drain', () => pump(client));
      response.on('error', () => clients.delete(client));
      response.writeHead(200, {
        ...headers,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      // An id without data is not an event, but the client resumes after it.
      const isFresh = lastEventId === undefined || resumed !== undefined;
      response.write(
        `retry: 2000\nid: ${run}-${client.next}\n${isFresh ? '' : 'event: reset\ndata: {}\n'}\n`,
      );
      pump(client);
    },
    close() {
      clearInterval(heartbeat);
      unsubscribe();
      for (const client of [...clients]) finish(client, 'the market is closing');
    },
  };
}
