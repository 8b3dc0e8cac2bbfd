/** Why a transaction is refused. A refused transaction changes nothing, not even the sender's nonce. */
export type RefusalCode =
  | 'wrong-network'
  | 'wrong-nonce'
  | 'invalid-genesis'
  | 'invalid-destination'
  | 'insufficient-funds'
  | 'below-minimum'
  | 'insufficient-stake'
  | 'not-authorised'
  | 'unknown-market'
  | 'unknown-node'
  | 'already-registered'
  | 'limit-reached'
  | 'locked-for-another-gateway'
  | 'not-canonical'
  | 'wrong-batch'
  | 'order-gap'
  | 'invalid-evidence'
  | 'already-punished'
  | 'not-conserved'
  | 'no-quorum'
  | 'invalid-terms'
  | 'price-changed'
  | 'market-closing'
  | 'node-leaving'
  | 'too-early'
  | 'too-late'
  | 'already-committed'
  | 'not-committed'
  | 'not-permitted';

export interface Applied {
  readonly applied: true;
}
export interface Refused {
  readonly applied: false;
  readonly code: RefusalCode;
  /** A sentence for the person who sent it. */
  readonly message: string;
}

export const APPLIED: Applied = { applied: true };

export function refused(code: RefusalCode, message: string): Refused {
  return { applied: false, code, message };
}
