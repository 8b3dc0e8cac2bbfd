import {
  type AnsweredError,
  type ErrorBody,
  errorKindOf,
  refusalKindOf,
} from '@market-of-experts/api/errors';
import { type ErrorCode, isMoeError, MoeError } from '@market-of-experts/core';
import { LEDGER_REFUSAL } from './ledger-refusal.ts';

const internal = errorKindOf('internal-error');
const unexpected: ErrorBody = {
  error: {
    message: 'The market had an unexpected error with this request. It was written to the log of the node.',
    type: internal.type,
    param: null,
    code: internal.code,
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
  const kind = error === undefined ? undefined : kindOf(error);
  if (error === undefined || kind === undefined || kind.code === internal.code)
    return { status: internal.status, body: unexpected, retryAfterSeconds: undefined, isExpected: false };
  const param = error.metadata.param;
  return {
    status: kind.status,
    body: {
      error: {
        message: error.message,
        type: kind.type,
        param: typeof param === 'string' ? param : null,
        code: kind.code,
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

function kindOf({ code, metadata }: MoeError): AnsweredError | undefined {
  return code === LEDGER_REFUSAL ? refusalKindOf(String(metadata.code)) : errorKindOf(code);
}

/** A request that is wrong in the parameter named `param`. */
export function invalidRequest(
  param: string,
  message: string,
  code: ErrorCode = 'invalid-request',
): MoeError {
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
