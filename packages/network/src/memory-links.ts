import type { NodeId } from '@market-of-experts/core';
import type { NetworkLimits } from './limits.ts';
import type { OutgoingRequest } from './memory-request.ts';

/** What a transport needs of its memory network. */
export interface MemoryLinks {
  readonly limits: NetworkLimits;
  after(delayMs: number, task: () => void): () => void;
  peer(id: NodeId): MemoryPeer | undefined;
  leave(id: NodeId): void;
  isClean(): boolean;
  /** Calls `deliver` when a message arrives: once, or as the injected faults have it; `onLost` if one does not. */
  send(from: NodeId, to: NodeId, deliver: () => void, onLost?: () => void): void;
}

/** The end of a memory network at which messages arrive. */
export interface MemoryPeer {
  receive(from: NodeId, protocol: string, request: Uint8Array, call: OutgoingRequest): void;
  receiveNotice(from: NodeId, protocol: string, notice: Uint8Array): void;
}

/** `slice` of a Buffer would share its memory. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
