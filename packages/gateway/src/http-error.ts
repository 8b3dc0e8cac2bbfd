import { isMoeError, MoeError } from '@market-of-experts/core';
import { LEDGER_REFUSAL } from './ledger-refusal.ts';

/** An error as OpenAI's API writes it: the official clients read exactly these four fields. */
interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

interface ErrorKind {
  readonly status: number;
  readonly type: string;
  /** Code in the body; by default the error's own, with underscores. */
  readonly code?: string;
  readonly retryAfterSeconds?: number;
}

const invalid = 'invalid_request_error';

/** The one table from error codes to HTTP. A code that is not here is a defect of ours: 500. */
const kinds: Readonly<Record<string, ErrorKind>> = {
  'invalid-input': { status: 400, type: invalid },
  'invalid-amount': { status: 400, type: invalid },
  'invalid-json': { status: 400, type: invalid },
  'invalid-request': { status: 400, type: invalid },
  'unknown-parameter': { status: 400, type: invalid },
  'input-too-large': { status: 400, type: invalid },
  'fee-too-low': { status: 400, type: invalid },
  'missing-key': { status: 401, type: 'authentication_error' },
  'unknown-key': { status: 401, type: 'authentication_error', code: 'invalid_api_key' },
  'insufficient-funds': { status: 402, type: 'insufficient_quota', code: 'insufficient_quota' },
  'forbidden-host': { status: 403, type: 'permission_error' },
  'forbidden-origin': { status: 403, type: 'permission_error' },
  'unknown-market': { status: 404, type: invalid, code: 'model_not_found' },
  'market-not-served': { status: 404, type: invalid },
  'unknown-receipt': { status: 404, type: invalid },
  'unknown-blob': { status: 404, type: invalid },
  'unknown-url': { status: 404, type: invalid },
  'method-not-allowed': { status: 405, type: invalid },
  'expectation-failed': { status: 417, type: invalid },
  'request-timeout': { status: 408, type: invalid },
  'body-too-large': { status: 413, type: invalid },
  'unsupported-media-type': { status: 415, type: invalid },
  'queue-full': { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded', retryAfterSeconds: 1 },
  'rate-limited': { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  'headers-too-large': { status: 431, type: invalid },
  'request-aborted': { status: 499, type: invalid },
  'no-quorum': { status: 503, type: 'server_error', retryAfterSeconds: 1 },
  overloaded: { status: 503, type: 'server_error', retryAfterSeconds: 1 },
  'market-closed': { status: 503, type: 'server_error', retryAfterSeconds: 5 },
  'ledger-closed': { status: 503, type: 'server_error', retryAfterSeconds: 5 },
  // The disk: it is tried again by itself, or the process is started again.
  'ledger-failed': { status: 503, type: 'server_error', retryAfterSeconds: 5 },
  'ledger-broken': { status: 503, type: 'server_error', retryAfterSeconds: 5 },
  'receipts-failed': { status: 503, type: 'server_error', retryAfterSeconds: 5 },
  'store-failed': { status: 503, type: 'server_error', retryAfterSeconds: 5 },
};

const unexpected: ErrorBody = {
  error: {
    message: 'The market had an unexpected error with this request. It was written to the log of the node.',
    type: 'server_error',
    param: null,
    code: 'internal_error',
  },
};

/** How an error is answered. `isExpected` is false for a defect, which somebody should read in the log. */
export interface HttpError {
  readonly status: number;
  readonly body: ErrorBody;
  readonly retryAfterSeconds: number | undefined;
  readonly isExpected: boolean;
}

/** Turns anything that was thrown into an answer. Nothing of an unexpected error reaches the client. */
export function toHttpError(thrown: unknown): HttpError {
  const error = isMoeError(thrown) ? thrown : fromFastify(thrown);
  const kind = error === undefined ? undefined : (refusalKind(error) ?? kinds[error.code]);
  if (error === undefined || kind === undefined)
    return { status: 500, body: unexpected, retryAfterSeconds: undefined, isExpected: false };
  const param = error.metadata.param;
  return {
    status: kind.status,
    body: {
      error: {
        message: error.message,
        type: kind.type,
        param: typeof param === 'string' ? param : null,
        code: kind.code ?? error.code.replaceAll('-', '_'),
      },
    },
    retryAfterSeconds: kind.retryAfterSeconds ?? secondsIn(error),
    isExpected: true,
  };
}

/** When an error knows better than its kind how long to wait. */
function secondsIn({ metadata }: MoeError): number | undefined {
  return typeof metadata.retryAfterSeconds === 'number' ? metadata.retryAfterSeconds : undefined;
}

function refusalKind({ code, metadata }: MoeError): ErrorKind | undefined {
  if (code !== LEDGER_REFUSAL) return undefined;
  return {
    status: Number(metadata.status),
    type: invalid,
    code: String(metadata.code).replaceAll('-', '_'),
  };
}

/** A request that is wrong in the parameter named `param`. */
export function invalidRequest(param: string, message: string, code = 'invalid-request'): MoeError {
  return new MoeError(code, message, { metadata: { param } });
}

/** What the HTTP library refuses on its own, in our words. */
function fromFastify(thrown: unknown): MoeError | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new MoeError(
        'unsupported-media-type',
        'The body must be JSON: send the header "content-type: application/json".',
      );
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
    case 'FST_ERR_ASYNC_CONSTRAINT':
      return new MoeError('invalid-request', 'The address of the request is not well formed.');
    default:
      return undefined;
  }
}
