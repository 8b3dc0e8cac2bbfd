import { errorSchema, isRetryableStatus } from '@market-of-experts/api/errors';
import { textLine } from '@market-of-experts/api/wire';
import { MoeError } from '@market-of-experts/core/errors';
import type { Refusal } from './errors.ts';

const longestWaitSeconds = 24 * 60 * 60;
const line = textLine();

/** The error of an answer that is not a success, whoever gave it. */
export function refusalOf(response: Response, answer: string | undefined): MoeError {
  const error = errorIn(answer);
  const retryAfter = response.headers.get('retry-after');
  const requestId = response.headers.get('x-request-id');
  const metadata = {
    status: response.status,
    ...(error?.code == null ? {} : { code: plain(error.code) }),
    ...(error?.param == null ? {} : { param: plain(error.param) }),
    ...(retryAfter === null ? {} : waitOf(retryAfter)),
    ...(requestId === null ? {} : { requestId: plain(requestId) }),
  } satisfies Refusal;
  return new MoeError(
    'market-refused',
    error === undefined
      ? `${response.url} answered ${response.status} ${plain(response.statusText)}.`
      : plain(error.message),
    { metadata, isRetryable: isRetryableStatus(response.status) },
  );
}

/** Undefined where something between us and the market answered in a form of its own: the status is all there is. */
function errorIn(answer: string | undefined): ReturnType<typeof errorSchema.parse>['error'] | undefined {
  try {
    return errorSchema.safeParse(JSON.parse(answer ?? '')).data?.error;
  } catch {
    return undefined;
  }
}

/** In seconds, or a date. */
function waitOf(header: string): { retryAfterMs?: number } {
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1_000;
  return Number.isFinite(seconds)
    ? { retryAfterMs: Math.max(0, Math.min(seconds, longestWaitSeconds)) * 1_000 }
    : {};
}

function plain(text: string): string {
  return line.safeParse(text).data ?? '';
}
