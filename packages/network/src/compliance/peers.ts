import type { KeyPair } from '@market-of-experts/core';
import type { NetworkLimits } from '../limits.ts';
import type { Transport } from '../transport.ts';

/** A network under test, fresh for each test. */
export interface TransportHarness {
  /** Limits in force; the suite works best when they are small (e.g. 4 in flight, 64 KiB a message). */
  readonly limits: NetworkLimits;
  /** Joins with this node key; every transport of the harness can reach every other. */
  connect(keys: KeyPair): Promise<Transport>;
  /** Frees what the harness itself holds; the suite closes the transports. */
  close(): Promise<void>;
}

/** Who talks in a test; fresh for each one. */
export interface Peers {
  readonly harness: TransportHarness;
  readonly alice: Transport;
  readonly bob: Transport;
  /** Another one joins until the end of the test. */
  connect(): Promise<Transport>;
}

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
export const echo = async (request: Uint8Array): Promise<Uint8Array> => request;
export const timeoutMs = 20_000;
export const protocol = 'test/echo/1';

/** A promise to be settled by hand. */
export function gate<Value = void>() {
  return Promise.withResolvers<Value>();
}

export function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = gate();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

/** Has a node answer only when it is told to give up; the signal that tells it, once a request is there. */
export function untilAborted(node: Transport): Promise<AbortSignal> {
  const seen = gate<AbortSignal>();
  node.handle(protocol, async (request, { signal }) => {
    seen.resolve(signal);
    await aborted(signal);
    return request;
  });
  return seen.promise;
}
