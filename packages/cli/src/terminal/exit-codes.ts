import { type ErrorCode, isMoeError, MoeError } from '@market-of-experts/core';

/** What the process returns (docs/run/cli.md). */
export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  partlyFailed: 3,
  /** The ledger says no: too little money, a price that changed, not yours to decide. Nothing was charged. */
  refused: 4,
  /** A wallet cannot be opened: there is none of that name, or the passphrase is wrong or missing. */
  locked: 5,
  /** A full disk and the like: the same again may work (`EX_TEMPFAIL`). A supervisor starts the market again. */
  tryAgain: 75,
  /** Stopped, or not confirmed, by the person at the terminal. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What was typed cannot be carried out; the sentence says what to type. */
export function usageError(message: string): MoeError {
  return new MoeError('usage', message, { docs: 'run/cli.md' });
}

/** The ledger refuses a transaction; `reason` is its own code, e.g. `insufficient-funds`. */
export function refusal(reason: string, message: string): MoeError {
  return new MoeError('refused', message, { metadata: { reason } });
}

const codes: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  usage: exitCodes.usage,
  'invalid-account': exitCodes.usage,
  'invalid-amount': exitCodes.usage,
  'invalid-private-key': exitCodes.usage,
  'invalid-wallet-name': exitCodes.usage,
  'wallet-exists': exitCodes.usage,
  'terms-invalid': exitCodes.usage,
  refused: exitCodes.refused,
  'keys-unreadable': exitCodes.locked,
  'passphrase-missing': exitCodes.locked,
  'wallet-unknown': exitCodes.locked,
  'wallet-unreadable': exitCodes.locked,
  'wallet-unreachable': exitCodes.locked,
  'wrong-passphrase': exitCodes.locked,
  interrupted: exitCodes.interrupted,
  'ledger-failed': exitCodes.tryAgain,
  'ledger-broken': exitCodes.tryAgain,
  'receipts-failed': exitCodes.tryAgain,
  'store-failed': exitCodes.tryAgain,
  'file-unwritable': exitCodes.tryAgain,
  'history-write-failed': exitCodes.tryAgain,
};

export function exitCodeOf(error: unknown): ExitCode {
  return isMoeError(error) ? (codes[error.code] ?? exitCodes.error) : exitCodes.error;
}
