import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { MarketEvent } from '@market-of-experts/api/events';
import type { MarketService } from '@market-of-experts/api/market-service';
import type { Viewer } from '@market-of-experts/api/shown-text';
import { MoeError } from '@market-of-experts/core';
import { toJson } from './http/json.ts';

/** Bytes that may wait in one client's socket before it gets no more until it has read them. */
const socketHighWaterBytes = 64 * 1024;
/** Events are gathered for so long before they are sent. */
const gatherMs = 20;
/** Bytes that are joined for one write. */
const chunkBytes = 32 * 1024;
/** Time for a dropped client to read its farewell. */
const farewellMs = 5_000;

/** Sends what happens in the market to any number of listeners as server-sent events. */
export interface EventHub {
  /**
   * Starts a stream on a response whose headers are not sent yet. `lastEventId` resumes after that event; if it
   * is unknown or no longer kept, the client gets an event `reset`: it should read `/v1/status` again.
   * Throws `overloaded` when there are too many clients, `rate-limited` when this one has too many streams.
   */
  attach(response: ServerResponse, client: EventClient): void;
  readonly clients: number;
  /** Streams that were ended because their client did not keep up. */
  readonly dropped: number;
  close(): void;
}

/** Who wants to follow the events. */
interface EventClient {
  readonly lastEventId: string | undefined;
  readonly headers: Record<string, string>;
  /** Whose key the request carries: of his own jobs he sees the texts. */
  readonly viewer: Viewer;
  /** Address of a client without a key. */
  readonly address: string;
}

interface Client {
  readonly response: ServerResponse;
  readonly viewer: Viewer;
  /** Account or address: whose streams are counted together. */
  readonly name: string;
  /** Sequence number of the next event to send. */
  next: number;
}

/** An event, and its bytes once somebody has needed them. */
interface Kept {
  readonly number: number;
  readonly event: MarketEvent;
  readonly toldTo: (viewer: Viewer) => MarketEvent;
  /** As everybody sees it. */
  frame?: Buffer;
  /** As its owner does. */
  ownFrame?: Buffer;
}

/** Events in a row, as they are written at once. */
interface Chunk {
  readonly bytes: Buffer;
  readonly next: number;
}

/**
 * One ring of events serves all clients; each has only a cursor into it. So a slow client costs a few
 * kilobytes, and "too slow" means that its cursor has left the ring. An event is written as JSON once for everybody, and
 * once more for its owner if he listens; events of a moment go out together, in one write.
 */
export function createEventHub(
  service: MarketService,
  limits: {
    readonly maxEventClients: number;
    readonly maxEventStreamsPerClient: number;
    readonly eventHistory: number;
    readonly eventHeartbeatMs: number;
  },
): EventHub {
  // An id is the number of events up to and with its own. Ids of another run must not be taken for ours.
  const run = randomBytes(6).toString('hex');
  const ring: Kept[] = new Array(limits.eventHistory);
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
      const chunk = chunkFrom(client);
      client.response.write(chunk.bytes);
      client.next = chunk.next;
    }
  };

  /** Chunks of this moment: most clients are at the same place. */
  const chunks = new Map<string, Chunk>();
  const chunkFrom = ({ next: from, viewer }: Client): Chunk => {
    const key = `${from}/${viewer ?? ''}`;
    const known = chunks.get(key);
    if (known !== undefined) return known;
    const frames: Buffer[] = [];
    let bytes = 0;
    let upTo = from;
    while (upTo < next && bytes < chunkBytes) {
      const frame = frameFor(ring[upTo % limits.eventHistory]!, viewer);
      frames.push(frame);
      bytes += frame.length;
      upTo += 1;
    }
    const chunk = { bytes: frames.length === 1 ? frames[0]! : Buffer.concat(frames), next: upTo };
    chunks.set(key, chunk);
    return chunk;
  };
  const encode = ({ number }: Kept, event: MarketEvent): Buffer =>
    Buffer.from(`id: ${run}-${number}\nevent: ${event.type}\ndata: ${toJson(event)}\n\n`);
  const frameFor = (kept: Kept, viewer: Viewer): Buffer => {
    const event = kept.toldTo(viewer);
    if (event === kept.event) {
      kept.frame ??= encode(kept, event);
      return kept.frame;
    }
    kept.ownFrame ??= encode(kept, event);
    return kept.ownFrame;
  };

  let flushing: NodeJS.Timeout | undefined;
  const flush = (): void => {
    flushing = undefined;
    for (const client of clients) pump(client);
    chunks.clear();
  };
  const unsubscribe = service.subscribe((event, toldTo) => {
    ring[next % limits.eventHistory] = { number: next + 1, event, toldTo };
    next += 1;
    flushing ??= setTimeout(flush, gatherMs);
  });

  const heartbeat = setInterval(() => {
    for (const { response } of clients)
      if (response.writableLength < socketHighWaterBytes) response.write(': alive\n\n');
  }, limits.eventHeartbeatMs);
  heartbeat.unref();

  /** Outside a flush, what was joined for one client is of no use to others. */
  const catchUp = (client: Client): void => {
    pump(client);
    chunks.clear();
  };

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
    attach(response, { lastEventId, headers, viewer, address }) {
      const name = viewer ?? address;
      let streams = 0;
      for (const client of clients) if (client.name === name) streams += 1;
      if (streams >= limits.maxEventStreamsPerClient)
        throw new MoeError(
          'rate-limited',
          `${streams} streams of events go to ${viewer === undefined ? 'this address' : 'this account'} already. Close some of them.`,
          { isRetryable: true, metadata: { retryAfterSeconds: 5 } },
        );
      if (clients.size >= limits.maxEventClients)
        throw new MoeError(
          'overloaded',
          `${clients.size} clients follow the events already. Try again later, or read /v1/status.`,
          { isRetryable: true },
        );
      const resumed = resumeAfter(lastEventId);
      const client: Client = { response, viewer, name, next: resumed ?? next };
      clients.add(client);
      response.on('close', () => clients.delete(client)).on('drain', () => catchUp(client));
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
      catchUp(client);
    },
    close() {
      clearInterval(heartbeat);
      clearTimeout(flushing);
      unsubscribe();
      for (const client of [...clients]) finish(client, 'the market is closing');
    },
  };
}
