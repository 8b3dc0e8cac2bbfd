import { MoeError, messageOf } from '@market-of-experts/core';
import type { TransportErrorCode } from './transport.ts';

/** Longest message of a failed handler that crosses the network, in characters. */
const maxFailureMessage = 500;
/** Form of an error code that crosses the network. */
const handlerCode = /^[a-z][a-z0-9-]{0,63}$/;

const retryable: ReadonlySet<TransportErrorCode> = new Set([
  'peer-unreachable',
  'request-timeout',
  'queue-full',
]);

export function transportError(
  code: TransportErrorCode,
  message: string,
  metadata: Record<string, unknown> = {},
): MoeError<TransportErrorCode> {
  return new MoeError(code, message, { metadata, isRetryable: retryable.has(code) });
}

/**
 * What a caller learns of a handler that threw `error`: a bounded message and, of a `MoeError`, its code (if
 * it has the usual form) and whether trying again may help. Never a stack, a cause or metadata.
 */
export function handlerFailure(error: unknown): MoeError<TransportErrorCode> {
  const text = messageOf(error);
  const message = text.length > maxFailureMessage ? `${text.slice(0, maxFailureMessage - 1)}…` : text;
  if (!(error instanceof MoeError)) return new MoeError('handler-failed', message);
  return new MoeError('handler-failed', message, {
    metadata: handlerCode.test(error.code) ? { handlerCode: error.code } : {},
    isRetryable: error.isRetryable,
  });
}
