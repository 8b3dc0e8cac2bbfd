import type { MoeError, NodeId } from '@market-of-experts/core';
import type { NetworkLimits } from './limits.ts';
import { transportError } from './transport-error.ts';

export function unreachable(to: NodeId, protocol: string): MoeError {
  return transportError('peer-unreachable', `Node ${to} cannot be reached.`, { to, protocol });
}

export function aborted(to: NodeId, protocol: string): MoeError {
  return transportError('request-aborted', `The request ${protocol} to ${to} was aborted.`, { to, protocol });
}

export function queueFull(to: NodeId, protocol: string, limits: NetworkLimits): MoeError {
  return transportError(
    'queue-full',
    `Node ${to} has too many requests in flight (at most ${limits.maxInFlightPerPeer} of one peer, ` +
      `${limits.maxHandlers} in all). Wait for answers before sending more.`,
    { to, protocol },
  );
}

export function tooLarge(
  what: 'request' | 'answer' | 'notice',
  bytes: number,
  to: NodeId,
  protocol: string,
  limits: NetworkLimits,
): MoeError {
  return transportError(
    'message-too-large',
    `The ${what} of ${protocol} has ${bytes} bytes; a message may have ${limits.maxMessageBytes}.`,
    { to, protocol, bytes, maxBytes: limits.maxMessageBytes },
  );
}
