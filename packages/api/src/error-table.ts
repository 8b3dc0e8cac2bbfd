import type { ErrorCode, RefusalCode } from '@market-of-experts/core/error-codes';

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
const closing = { ...passing, code: 'market_closed', retryAfterSeconds: 5 } as const;
const diskFails = { ...passing, code: 'store_failed', retryAfterSeconds: 5 } as const;
/** No request should meet it: a defect of ours, or what is said where no request is. Its sentence goes to the log alone. */
const ours = { status: 500, type: 'server_error', isRetryable: true, code: 'internal_error' } as const;

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
  'invalid-edition': 400,
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

/** Where nobody asked the ledger for something, its codes are ours to prevent, but for those below. */
const elsewhere = Object.fromEntries(Object.keys(ledgerErrors).map((code) => [code, ours])) as {
  readonly [Code in keyof typeof ledgerErrors]: typeof ours;
};

/** The one table from the codes of errors to HTTP, but for what the ledger refuses. Every code is here, or this does not compile. */
export const httpErrors = {
  ...elsewhere,
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
  'unknown-edition': { ...invalid, status: 404, code: 'model_not_found' },
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
  'internal-error': ours,
  'no-quorum': { ...passing, retryAfterSeconds: 1 },
  'reserve-empty': { ...passing, retryAfterSeconds: 60 },
  'edition-incomplete': { ...passing, retryAfterSeconds: 1 },
  overloaded: { ...passing, retryAfterSeconds: 1 },
  'market-closed': { ...passing, retryAfterSeconds: 5 },
  'ledger-closed': { ...passing, retryAfterSeconds: 5 },
  // The disk: it is tried again by itself, or the process is started again.
  'ledger-failed': { ...passing, retryAfterSeconds: 5 },
  'ledger-broken': { ...passing, retryAfterSeconds: 5 },
  'receipts-failed': { ...passing, retryAfterSeconds: 5 },
  'store-failed': { ...passing, retryAfterSeconds: 5 },
  'input-too-short': { ...invalid, status: 400, code: 'invalid_request' },
  // The ledger, its log and its receipts.
  'invalid-typed-data': ours,
  'invalid-settlement': ours,
  'ledger-refusal': ours,
  'ledger-empty': ours,
  'transaction-failed': ours,
  'log-closed': closing,
  'log-failed': diskFails,
  'log-corrupt': ours,
  'log-truncated': ours,
  'receipts-closed': closing,
  // What nodes say to one another.
  'message-refused': ours,
  'claim-refused': ours,
  'bad-signature': ours,
  'not-certified': ours,
  'not-overdue': ours,
  'order-open': ours,
  'order-settled': ours,
  'out-of-tickets': ours,
  'settlement-incomplete': ours,
  'settlement-unverifiable': ours,
  'standings-incomplete': ours,
  'unknown-account': ours,
  'invalid-encoding': ours,
  'invalid-text': ours,
  'invalid-vector': ours,
  'invalid-ranking-input': ours,
  'already-connected': ours,
  'protocol-taken': ours,
  'peer-unreachable': ours,
  'message-too-large': ours,
  'unknown-protocol': ours,
  'handler-failed': ours,
  // Models, and what they are made from.
  'backend-unavailable': ours,
  'backend-timeout': ours,
  'backend-invalid-output': ours,
  'backend-missing': ours,
  'backend-rejected': ours,
  'unknown-backend': ours,
  'alignment-too-weak': ours,
  'model-source-changed': ours,
  'model-source-missing': ours,
  'weights-corrupt': ours,
  'weights-invalid': ours,
  'weights-missing': ours,
  'corpus-invalid': ours,
  'training-failed': ours,
  'scenario-invalid': ours,
  'history-closed': closing,
  'history-corrupt': ours,
  'history-full': ours,
  'history-index-invalid': ours,
  'history-mismatch': ours,
  'history-query-invalid': ours,
  'history-record-invalid': ours,
  'history-settings-invalid': ours,
  'history-write-failed': diskFails,
  'places-invalid': ours,
  // Wallets and keys.
  'invalid-key-file': ours,
  'invalid-private-key': ours,
  'invalid-wallet-name': ours,
  'keys-missing': ours,
  'keys-unreadable': ours,
  'api-key-unreadable': ours,
  'passphrase-empty': ours,
  'passphrase-missing': ours,
  'wrong-passphrase': ours,
  'wallet-exists': ours,
  'wallet-unknown': ours,
  'wallet-unreachable': ours,
  'wallet-unreadable': ours,
  'guard-anchor-unusable': ours,
  'guard-closed': closing,
  'guard-failed': diskFails,
  'guard-full': ours,
  'guard-in-use': ours,
  'guard-older-copy': ours,
  'signed-already': ours,
  'signed-past': ours,
  'unguarded-signature': ours,
  // What is on disk.
  'data-directory-in-use': ours,
  'data-directory-outdated': ours,
  'data-directory-unusable': ours,
  'file-damaged': ours,
  'file-unwritable': diskFails,
  'other-format': ours,
  'store-closed': closing,
  'store-damaged': ours,
  // The house.
  'budget-spent': ours,
  'budget-unreadable': ours,
  'choice-unreadable': ours,
  'reserve-unreadable': ours,
  'terms-refused': ours,
  'unsafe-demo-key': ours,
  // What the command line says.
  'cannot-listen': ours,
  interrupted: ours,
  'market-failing': ours,
  'no-market': ours,
  'not-trained': ours,
  'output-closed': ours,
  refused: ours,
  'terms-invalid': ours,
  'unknown-expert': ours,
  usage: ours,
  // What clients say.
  'dishonest-preview': ours,
  'invalid-answer': ours,
  'market-refused': ours,
  'market-unreachable': ours,
} as const satisfies Readonly<Record<ErrorCode, ErrorKind>>;
