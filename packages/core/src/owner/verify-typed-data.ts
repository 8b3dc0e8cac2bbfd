import type { AccountId } from '../ids.ts';
import { isKnown, memoKey, remember } from '../signature-memo.ts';
import { recoverAccount } from './recovery.ts';
import { recoverAccountAsync } from './recovery-pool.ts';
import { isSignatureForm } from './secp256k1.ts';
import { type TypedData, typedDataHash } from './typed-data.ts';

/** The account that signed the typed data, or undefined if no key can have. Throws what {@link typedDataHash} throws. */
export function recoverTypedData(data: TypedData, signature: Uint8Array): AccountId | undefined {
  return recoverAccount(typedDataHash(data), signature);
}

const accountForm = /^0x[0-9a-f]{40}$/;

/** False for a signature of another account and for what is no signature. Throws what {@link typedDataHash} throws. */
export function verifyTypedData(account: string, data: TypedData, signature: Uint8Array): boolean {
  if (!accountForm.test(account) || !isSignatureForm(signature)) return false;
  const digest = typedDataHash(data);
  const key = memoKey(account, digest, signature);
  if (isKnown(key)) return true;
  if (recoverAccount(digest, signature) !== account) return false;
  remember(key);
  return true;
}

/** The same without keeping the event loop: many signatures are checked beside other work. */
export async function verifyTypedDataAsync(
  account: string,
  data: TypedData,
  signature: Uint8Array,
): Promise<boolean> {
  if (!accountForm.test(account) || !isSignatureForm(signature)) return false;
  const digest = typedDataHash(data);
  const key = memoKey(account, digest, signature);
  if (isKnown(key)) return true;
  if ((await recoverAccountAsync(digest, signature)) !== account) return false;
  remember(key);
  return true;
}
