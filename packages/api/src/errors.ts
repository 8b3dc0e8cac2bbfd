import type { RefusalCode } from '@market-of-experts/protocol';
import { z } from 'zod';
import type { Told } from './wire.ts';

/** How an error reaches a program over HTTP. */
export interface ErrorKind {
  readonly status: number;
  /** As OpenAI's clients know it. */
  readonly type: string;
  /** Whether the same request may succeed later. */
  readonly isRetryable: boolean;
  /** Code in the body; by default the error's own, with underscores. */
  readonly code?: string;
  readonly retryAfterSeconds?: number;
}

const invalid = { type: 'invalid_request_error', isRetryable: false } as const;
const passing = { status: 503, type: 'server_error', isRetryable: true } as const;

/**
 * The one table from the codes of errors to HTTP, but for what the ledger refuses. A code that is not here is a defect of ours:
 * 500 `internal_error`.
 */
export const httpErrors = {
  'invalid-input': { ...invalid, status: 400 },
  'invalid-amount': { ...invalid, status: 400 },
  'invalid-json': { ...invalid, status: 400 },
  'invalid-request': { ...invalid, status: 400 },
  'unknown-parameter': { ...invalid, status: 400 },
  'input-too-large': { ...invalid, status: 400 },
  'fee-too-low': { ...invalid, status: 400 },
  'missing-key': { status: 401, type: 'authentication_error', isRetryable: false },
  'unknown-key': { status: 401, type: 'authentication_error', isRetryable: false, code: 'invalid_api_key' },
  'insufficient-funds': {
    status: 402,
    type: 'insufficient_quota',
    isRetryable: false,
    code: 'insufficient_quota',
  },
  'forbidden-host': { status: 403, type: 'permission_error', isRetryable: false },
  'forbidden-origin': { status: 403, type: 'permission_error', isRetryable: false },
  'unknown-market': { ...invalid, status: 404, code: 'model_not_found' },
  'market-not-served': { ...invalid, status: 404 },
  'unknown-receipt': { ...invalid, status: 404 },
  'unknown-blob': { ...invalid, status: 404 },
  'unknown-url': { ...invalid, status: 404 },
  'method-not-allowed': { ...invalid, status: 405 },
  'request-timeout': { ...invalid, status: 408, isRetryable: true },
  'body-too-large': { ...invalid, status: 413 },
  'unsupported-media-type': { ...invalid, status: 415 },
  'expectation-failed': { ...invalid, status: 417 },
  'queue-full': {
    status: 429,
    type: 'rate_limit_error',
    isRetryable: true,
    code: 'rate_limit_exceeded',
    retryAfterSeconds: 1,
  },
  'rate-limited': {
    status: 429,
    type: 'rate_limit_error',
    isRetryable: true,
    code: 'rate_limit_exceeded',
  },
  'headers-too-large': { ...invalid, status: 431 },
  'request-aborted': { ...invalid, status: 499 },
  'internal-error': { status: 500, type: 'server_error', isRetryable: true },
  'no-quorum': { ...passing, retryAfterSeconds: 1 },
  overloaded: { ...passing, retryAfterSeconds: 1 },
  'market-closed': { ...passing, retryAfterSeconds: 5 },
  'ledger-closed': { ...passing, retryAfterSeconds: 5 },
  // The disk: it is tried again by itself, or the process is started again.
  'ledger-failed': { ...passing, retryAfterSeconds: 5 },
  'ledger-broken': { ...passing, retryAfterSeconds: 5 },
  'receipts-failed': { ...passing, retryAfterSeconds: 5 },
  'store-failed': { ...passing, retryAfterSeconds: 5 },
} as const satisfies Readonly<Record<string, ErrorKind>>;

/**
 * HTTP statuses of what the ledger refuses: every code that its rules have. Some of them mean something else at other addresses
 * (there, `no-quorum` asks to try again); here the same transaction is refused again.
 */
export const ledgerErrors = {
  'invalid-transaction': 400,
  'invalid-account': 400,
  'wrong-network': 400,
  'invalid-genesis': 400,
  'invalid-terms': 400,
  'not-canonical': 400,
  'not-conserved': 400,
  'invalid-evidence': 400,
  'invalid-destination': 400,
  'insufficient-funds': 402,
  'below-minimum': 402,
  'insufficient-stake': 402,
  'invalid-signature': 403,
  'not-authorised': 403,
  'not-permitted': 403,
  'no-quorum': 403,
  'unknown-market': 404,
  'unknown-node': 404,
  'wrong-nonce': 409,
  'already-registered': 409,
  'limit-reached': 409,
  'locked-for-another-gateway': 409,
  'wrong-batch': 409,
  'order-gap': 409,
  'already-punished': 409,
  'price-changed': 409,
  'market-closing': 409,
  'node-leaving': 409,
  'too-early': 409,
  'too-late': 409,
  'already-committed': 409,
  'not-committed': 409,
} as const satisfies Readonly<
  Record<RefusalCode | 'invalid-signature' | 'invalid-transaction' | 'invalid-account', number>
>;

type HttpErrors = typeof httpErrors;
type Underscored<Text extends string> = Text extends `${infer Head}-${infer Tail}`
  ? `${Head}_${Underscored<Tail>}`
  : Text;
type CodeInBody<Name extends keyof HttpErrors> = HttpErrors[Name] extends { readonly code: infer Code }
  ? Code
  : Underscored<Name>;

/** Every `code` that an error of a market's HTTP API can have. */
export type ErrorCode =
  | { [Name in keyof HttpErrors]: CodeInBody<Name> }[keyof HttpErrors]
  | Underscored<keyof typeof ledgerErrors>;

/** Whether an answer of this status may be another one later: what a client should try again. */
export function isRetryableStatus(status: number): boolean {
  return (
    status >= 500 || Object.values(httpErrors).some((kind) => kind.status === status && kind.isRetryable)
  );
}

/** How an error of this code is answered; undefined for one that nobody outside should hear of. */
export function errorKindOf(name: string): (Required<Pick<ErrorKind, 'code'>> & ErrorKind) | undefined {
  if (!Object.hasOwn(httpErrors, name)) return undefined;
  const kind: ErrorKind = httpErrors[name as keyof HttpErrors];
  return { ...kind, code: kind.code ?? underscored(name) };
}

/** How it is answered that the ledger refuses something with this code; undefined for codes that are not the ledger's. */
export function refusalKindOf(name: string): ReturnType<typeof errorKindOf> {
  if (!Object.hasOwn(ledgerErrors, name)) return undefined;
  return { ...invalid, status: ledgerErrors[name as keyof typeof ledgerErrors], code: underscored(name) };
}

function underscored(name: string): string {
  return name.replaceAll('-', '_');
}

/** An error as OpenAI's API writes it: the official clients read exactly these four fields. */
export const errorSchema = z.object({
  error: z.object({
    message: z.string().describe('A sentence for people: what was wrong, where, what to do.'),
    type: z.string(),
    param: z.string().nullable().describe('Parameter or field that is wrong, e.g. `input[1]`.'),
    code: z.string().nullable().describe('To branch on.'),
  }),
});
export type ErrorBody = Told<typeof errorSchema>;
