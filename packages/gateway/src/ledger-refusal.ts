import type { TransactionPreview } from '@market-of-experts/api/ledger-service';
import { isMoeError, MoeError } from '@market-of-experts/core';

type Refused = Extract<TransactionPreview['outcome'], { readonly applied: false }>;

/** HTTP statuses of what the ledger refuses: every code that its rules have. */
const statuses: Readonly<Record<Refused['code'] | 'invalid-transaction' | 'invalid-account', number>> = {
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
};

/** Code of the error that {@link asLedgerRefusal} makes. */
export const LEDGER_REFUSAL = 'ledger-refusal';

/**
 * What the ledger refused, for the client who asked: some of its codes mean something else at other addresses (there,
 * `no-quorum` asks to try again). Anything else is returned as it is.
 */
export function asLedgerRefusal(error: unknown): unknown {
  if (!isMoeError(error) || !Object.hasOwn(statuses, error.code)) return error;
  const { code, message, metadata } = error;
  const status = statuses[code as keyof typeof statuses];
  return new MoeError(LEDGER_REFUSAL, message, { metadata: { ...metadata, code, status } });
}
