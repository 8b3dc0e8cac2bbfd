import { MoeError } from '@market-of-experts/core';

/** The errors that every backend may reject with (see `ExpertBackend`). */
type BackendErrorCode =
  | 'backend-unavailable'
  | 'backend-timeout'
  | 'backend-invalid-output'
  | 'backend-missing'
  | 'overloaded'
  | 'request-aborted';

type BackendError = MoeError<BackendErrorCode>;

/** The model cannot be asked now; asking again later may help. */
export function backendUnavailable(name: string, why: string, cause?: unknown): BackendError {
  return new MoeError('backend-unavailable', `The expert "${name}" is not available: ${why}`, {
    isRetryable: true,
    cause,
  });
}

export function backendTimeout(name: string, timeoutMs: number): BackendError {
  return new MoeError('backend-timeout', `The expert "${name}" did not answer within ${timeoutMs} ms.`, {
    isRetryable: true,
  });
}

/** The model answered with something that is not one finite vector per text. */
export function invalidOutput(name: string, why: string): BackendError {
  return new MoeError(
    'backend-invalid-output',
    `The expert "${name}" gave an answer that cannot be used: ${why}`,
  );
}

export function overloaded(name: string, waiting: number): BackendError {
  return new MoeError('overloaded', `The expert "${name}" has ${waiting} texts waiting. Try again later.`, {
    isRetryable: true,
    metadata: { waiting },
  });
}

export function requestAborted(): BackendError {
  return new MoeError('request-aborted', 'The request was cancelled by its caller.');
}
