import type { Placed, PreviewAnswer, TransactionJson } from '@market-of-experts/api/transactions';
import {
  type AccountId,
  type KeyPair,
  MoeError,
  type OwnerKey,
  plainText,
  toHex,
} from '@market-of-experts/core';
import {
  type Action,
  signTransaction,
  type Transaction,
  transactionFromJson,
  transactionToJson,
  typedDataJsonOf,
} from '@market-of-experts/protocol';
import { firstDifference } from './first-difference.ts';
import type { LedgerClient } from './ledger-client.ts';

/** A transaction that is ready to be signed, and what it would do now. */
export interface Prepared {
  readonly transaction: Transaction;
  readonly preview: PreviewAnswer;
}

/**
 * Has the market complete and try out what an owner wants done. The transaction is put together here: of the market's word only
 * the sender's next number is used, and it must agree in everything else. Throws `dishonest-preview` where it does not.
 * Accounts may have the checksum of EIP-55 in the case of their letters.
 */
export async function prepareTransaction(
  ledger: LedgerClient,
  from: AccountId,
  action: Action,
  network: string,
): Promise<Prepared> {
  const wanted = { ...action, network, from };
  const preview = await ledger.preview(transactionToJson(wanted as never) as never);
  return { transaction: completed(wanted, preview, ledger.url), preview };
}

/** Signs and sends; resolves when the transaction is on disk. `key` is that of the sender. */
export async function sendTransaction(
  ledger: LedgerClient,
  key: OwnerKey | KeyPair,
  transaction: Transaction,
): Promise<Placed> {
  const { signature } = signTransaction(key, transaction);
  return ledger.submit(transactionToJson(transaction) as unknown as TransactionJson, `0x${toHex(signature)}`);
}

/** The transaction with the sender's next number. */
function completed(wanted: object, { transaction, typedData }: PreviewAnswer, url: string): Transaction {
  const { nonce } = transaction;
  if (typeof nonce !== 'number' || !Number.isSafeInteger(nonce) || nonce < 0)
    throw new MoeError(
      'invalid-answer',
      `The market at ${url} does not say the transaction's number (nonce).`,
    );
  const ours = transactionFromJson(transactionToJson({ ...wanted, nonce } as Transaction));
  const difference =
    firstDifference(transactionToJson(ours), transaction) ??
    (typedData === undefined ? undefined : firstDifference(typedDataJsonOf(ours), typedData));
  if (difference !== undefined)
    throw new MoeError(
      'dishonest-preview',
      `The market at ${url} answered with another transaction than the one asked for (${plainText(difference)} differs). Nothing was signed; do not trust this market.`,
    );
  return ours;
}
