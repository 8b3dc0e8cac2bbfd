import type { HttpErrorCode } from '@market-of-experts/api/errors';
import { isMoeError, MoeError } from '@market-of-experts/core/errors';

/** What a market said no with. */
export interface Refusal extends Record<string, unknown> {
  readonly status: number;
  /** Missing where something between us and the market answered in a form of its own. A newer market may have others. */
  readonly code?: HttpErrorCode | (string & {});
  /** Parameter or field that is wrong, e.g. `input[1]`. */
  readonly param?: string;
  readonly retryAfterMs?: number;
  /** By which the market's operator finds it in the log. */
  readonly requestId?: string;
}

/** Whether a market refused something, with the given code of its HTTP API if one is given. */
export function isRefused(
  error: unknown,
  code?: HttpErrorCode,
): error is MoeError<'market-refused', Refusal> {
  return isMoeError(error, 'market-refused') && (code === undefined || error.metadata.code === code);
}

/** Why there is no answer: nobody listens, none came in time, the way there is broken, or what came is no market's. */
export type Trouble = 'nobody' | 'late' | 'unreachable' | 'foreign';

/** What people are told to do about it. */
export type Advice = Readonly<Record<Trouble, string>>;

export const defaultAdvice: Advice = {
  nobody: 'Start one with `moe up`, or give another address.',
  late: 'Look at its terminal, or try again.',
  unreachable: 'Check the address, and that the market runs.',
  foreign: 'Check the address.',
};

export function invalidAnswer(url: string, detail: string, advice: Advice): MoeError {
  return new MoeError(
    'invalid-answer',
    `What answers at ${url} does not speak like a market of this version (${detail}). ${advice.foreign}`,
  );
}

export function unreachable(url: string, isLate: boolean, error: unknown, advice: Advice): MoeError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = (cause as { code?: unknown } | undefined)?.code;
  const detail = cause instanceof Error ? cause.message : String(cause);
  const message = isLate
    ? `The market at ${url} did not answer in time. ${advice.late}`
    : code === 'ECONNREFUSED'
      ? `No market answers at ${url}. ${advice.nobody}`
      : `The market at ${url} cannot be reached: ${detail}. ${advice.unreachable}`;
  return new MoeError('market-unreachable', message, {
    isRetryable: true,
    metadata: { url, ...(typeof code === 'string' ? { reason: code } : {}) },
  });
}

export function stopped(): MoeError {
  return new MoeError('request-aborted', 'The request was stopped.');
}
