import { refusalKindOf } from '@market-of-experts/api/errors';
import { isMoeError, MoeError } from '@market-of-experts/core';

/** Code of the error that {@link asLedgerRefusal} makes. */
export const LEDGER_REFUSAL = 'ledger-refusal' as const;

/**
 * What the ledger refused, for the client who asked: some of its codes mean something else at other addresses (there,
 * `no-quorum` asks to try again). Anything else is returned as it is.
 */
export function asLedgerRefusal(error: unknown): unknown {
  if (!isMoeError(error) || refusalKindOf(error.code) === undefined) return error;
  const { code, message, metadata } = error;
  return new MoeError(LEDGER_REFUSAL, message, { metadata: { ...metadata, code } });
}
