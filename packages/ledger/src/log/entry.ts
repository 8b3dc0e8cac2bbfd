import {
  decode,
  encode,
  type Hash,
  MoeError,
  type SenderId,
  schemaProblem,
  sha256,
  signatureBytesOf,
  toHex,
  verifySignatureAsync,
} from '@market-of-experts/core';
import { otherFormat } from '@market-of-experts/core/files';
import {
  innerSignatures,
  LEDGER_LIMITS,
  type SignedTransaction,
  TRANSACTION_DOMAIN,
  type Transaction,
  transactionSchema,
  verifyTransactionAsync,
} from '@market-of-experts/protocol';
import { z } from 'zod';

/**
 * Bytes of one log entry: format (1 byte, 2) ‖ chain hash (32) ‖ length of the signature (1) ‖ signature of the sender ‖
 * the bytes that it stands for. The chain hash is SHA-256(chain hash of the entry before ‖ all after the chain hash), so
 * it vouches for the entry itself and for all before it.
 */
const FORMAT = 2;
const LENGTH_AT = 33;
const SIGNATURE_AT = 34;

/** The chain hash before the first entry. */
export const CHAIN_START: Uint8Array = new Uint8Array(32);

const signedBytesSchema = z.tuple([z.literal(TRANSACTION_DOMAIN), transactionSchema]);

/** A transaction with its canonical bytes: those that a node signs, and that say what an owner signed. */
export interface SealedTransaction {
  readonly transaction: Transaction;
  readonly signature: Uint8Array;
  readonly signedBytes: Uint8Array;
}

/** One entry of the log, parsed. */
export interface LedgerEntry extends SealedTransaction {
  readonly index: number;
  readonly by: SenderId;
  readonly hash: Hash;
}

/** Checks form, size and sender of what a client submits. Throws `invalid-transaction`. */
export function seal(signed: SignedTransaction): SealedTransaction {
  const result = transactionSchema.safeParse(signed.body);
  if (!result.success) throw invalid(schemaProblem(result.error, 'transaction'));
  const transaction = result.data;
  if (signed.by !== transaction.from)
    throw invalid(`it is signed by ${signed.by} but sent from ${transaction.from}`);
  if (!(signed.signature instanceof Uint8Array) || signed.signature.length !== signatureBytesOf(signed.by))
    throw invalid(`the signature does not have ${signatureBytesOf(signed.by)} bytes`);
  const signedBytes = encode([TRANSACTION_DOMAIN, transaction]);
  if (signedBytes.length > LEDGER_LIMITS.transactionBytes)
    throw invalid(`it has ${signedBytes.length} bytes; at most ${LEDGER_LIMITS.transactionBytes} are taken`);
  return { transaction, signature: signed.signature, signedBytes };
}

/** Checks the sender's signature and those of nodes inside, beside other work. */
export async function areSignaturesValid(sealed: SealedTransaction): Promise<boolean> {
  const { transaction, signature, signedBytes } = sealed;
  return (
    (await verifyTransactionAsync(transaction, signedBytes, signature)) &&
    (await areInnerSignaturesValid(transaction))
  );
}

/** Checks the signatures of nodes inside a transaction. */
export async function areInnerSignaturesValid(transaction: Transaction): Promise<boolean> {
  for (const inner of innerSignatures(transaction))
    if (!(await verifySignatureAsync(inner.by, inner.bytes, inner.signature))) return false;
  return true;
}

/** The entry's bytes and the chain hash after it. */
export function chainEntry(
  previous: Uint8Array,
  sealed: SealedTransaction,
): { readonly bytes: Uint8Array; readonly hash: Uint8Array } {
  const { signature, signedBytes } = sealed;
  const bytes = new Uint8Array(SIGNATURE_AT + signature.length + signedBytes.length);
  bytes[0] = FORMAT;
  bytes[LENGTH_AT] = signature.length;
  bytes.set(signature, SIGNATURE_AT);
  bytes.set(signedBytes, SIGNATURE_AT + signature.length);
  const hash = sha256(previous, bytes.subarray(LENGTH_AT));
  bytes.set(hash, 1);
  return { bytes, hash };
}

/** The chain hash that an entry carries. */
export function chainHashIn(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(1, LENGTH_AT);
}

/** Reads entry `index`, which follows the entry with chain hash `previous`. Throws `log-corrupt`, `other-format`. */
export function readEntry(
  index: number,
  previous: Uint8Array,
  bytes: Uint8Array,
): LedgerEntry & { readonly chainHash: Uint8Array } {
  const signedAt = SIGNATURE_AT + (bytes[LENGTH_AT] ?? 0);
  if (bytes.length <= signedAt || bytes[0] !== FORMAT)
    throw corrupt(index, 'it is cut short or has an unknown format');
  const signature = bytes.subarray(SIGNATURE_AT, signedAt);
  const signedBytes = bytes.subarray(signedAt);
  const chainHash = sha256(previous, bytes.subarray(LENGTH_AT));
  if (Buffer.compare(chainHash, chainHashIn(bytes)) !== 0)
    throw corrupt(index, 'its hash does not follow from its content and the entry before');
  let transaction: Transaction;
  try {
    [, transaction] = decode(signedBytes, signedBytesSchema);
  } catch (cause) {
    throw otherRules(index, 'it is no transaction of this one', cause);
  }
  const hash = toHex(chainHash) as Hash;
  return { index, transaction, signature, signedBytes, by: transaction.from, hash, chainHash };
}

export function corrupt(index: number, why: string, cause?: unknown): MoeError {
  return new MoeError(
    'log-corrupt',
    `Entry ${index} of the ledger's log is damaged: ${why}. Restore the data directory from a backup.`,
    { metadata: { index }, cause },
  );
}

/** Of an entry that follows from those before, as it was written. `why` completes a sentence. */
export function otherRules(index: number, why: string, cause?: unknown): MoeError {
  return otherFormat(`Entry ${index} of the ledger's log`, why, cause);
}

function invalid(why: string): MoeError {
  return new MoeError('invalid-transaction', `The transaction cannot be taken: ${why}.`);
}
