import {
  isMoeError,
  type Signer,
  senderOf,
  signBody,
  signTypedData,
  verifyEncodedAsync,
  verifyTypedDataAsync,
} from '@market-of-experts/core';
import { type SignedTransaction, TRANSACTION_DOMAIN, type Transaction } from './transaction.ts';
import { typedDataOf } from './typed-transaction.ts';

/**
 * Signs as the sender `transaction.from`, whose key this must be: owners sign the typed data that a wallet would show, nodes
 * the canonical bytes.
 */
export function signTransaction(keys: Signer, transaction: Transaction): SignedTransaction {
  if (!('address' in keys)) return signBody(keys, TRANSACTION_DOMAIN, transaction);
  return { body: transaction, by: senderOf(keys), signature: signTypedData(keys, typedDataOf(transaction)) };
}

/**
 * Whether the sender signed the transaction; `bytes` are the canonical ones of `[TRANSACTION_DOMAIN, transaction]`. False for
 * whatever cannot be a signature of it.
 */
export async function verifyTransactionAsync(
  transaction: Transaction,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const { from } = transaction;
  if (!from.startsWith('0x')) return verifyEncodedAsync(TRANSACTION_DOMAIN, bytes, { by: from, signature });
  try {
    return await verifyTypedDataAsync(from, typedDataOf(transaction), signature);
  } catch (error) {
    // What has no typed data, e.g. a text that is not well-formed, cannot have been signed.
    if (isMoeError(error, 'invalid-typed-data')) return false;
    throw error;
  }
}
