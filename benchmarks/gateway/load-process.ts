/**
 * The load generator in a process of its own. Each connection sends its next request when the last answer has
 * arrived (closed loop, keep-alive), by undici's lowest interface, which costs a third of `fetch`.
 */
import { Client } from 'undici';

export interface LoadOrder {
  readonly origin: string;
  readonly path: string;
  readonly headers: readonly string[];
  /** Sent in turn. */
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly requests: number;
}

export interface LoadReport {
  readonly p50Ms: number;
  readonly requestsPerSecond: number;
  /** Bytes of the last answer. */
  readonly answerBytes: number;
}

process.on('message', async (order: LoadOrder) => {
  try {
    process.send?.(await drive(order));
  } catch (error) {
    process.send?.({ failure: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));

async function drive(order: LoadOrder): Promise<LoadReport> {
  const clients = Array.from(
    { length: order.connections },
    () => new Client(order.origin, { pipelining: 1 }),
  );
  const latencies = new Float64Array(order.requests);
  let started = 0;
  let answerBytes = 0;
  const begin = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (started < order.requests) {
        const number = started++;
        const sentAt = performance.now();
        answerBytes = await exchange(client, order, order.bodies[number % order.bodies.length]!);
        latencies[number] = performance.now() - sentAt;
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1_000;
  await Promise.all(clients.map((client) => client.close()));
  latencies.sort();
  return {
    p50Ms: latencies[order.requests >> 1]!,
    requestsPerSecond: order.requests / seconds,
    answerBytes,
  };
}

function exchange(client: Client, { path, headers }: LoadOrder, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let status = 0;
    client.dispatch(
      { path, method: 'POST', headers: headers as string[], body },
      {
        onRequestStart: () => {},
        onResponseStart: (_controller, statusCode) => {
          status = statusCode;
        },
        onResponseData: (_controller, chunk) => {
          bytes += chunk.length;
        },
        onResponseEnd: () =>
          status === 200 ? resolve(bytes) : reject(new Error(`${path} answered with status ${status}`)),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}
