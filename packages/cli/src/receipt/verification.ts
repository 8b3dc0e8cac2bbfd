import { MoeError } from '@moe/core';

/** One thing that was recomputed, and whether it agrees with the receipt. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, in a sentence. */
  readonly detail: string;
}

/** Recomputes a receipt from what it holds; `fetchBlob` gets the data that it names by hash. */
export type VerifyReceipt = (
  receipt: Record<string, unknown>,
  fetchBlob: (hash: string) => Promise<Uint8Array>,
) => Promise<{ readonly checks: readonly Check[] }>;

/** The protocol's own verification: the rules that were applied, run once more. */
export const verifyReceiptJson: VerifyReceipt = async (receipt, fetchBlob) => {
  const rules: Record<string, unknown> = { ...(await import('@moe/protocol')) };
  if (typeof rules.verifyReceipt !== 'function')
    throw new MoeError(
      'cannot-verify',
      'This version of the protocol package cannot recompute receipts. Update the project with git pull and npm ci.',
    );
  return (rules.verifyReceipt as VerifyReceipt)(receipt, fetchBlob);
};
