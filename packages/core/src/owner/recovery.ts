import { fromHex, toHex } from '../codec.ts';
import type { AccountId } from '../ids.ts';
import { addressOf } from './address.ts';
import { isSignatureForm, OWNER_SIGNATURE_BYTES, recoverPublicKey } from './secp256k1.ts';

const DIGEST_BYTES = 32;
/** A check as it crosses to another thread: digest ‖ signature. */
export const CHECK_BYTES: number = DIGEST_BYTES + OWNER_SIGNATURE_BYTES;
/** An answer: 1 and the address, or zeros. */
const ANSWER_BYTES = 21;

/** The account whose key signed the digest, or undefined. Never throws. */
export function recoverAccount(digest: Uint8Array, signature: Uint8Array): AccountId | undefined {
  if (!isCheckForm(digest, signature)) return undefined;
  const publicKey = recoverPublicKey(digest, signature);
  return publicKey === undefined ? undefined : addressOf(publicKey);
}

export function isCheckForm(digest: Uint8Array, signature: Uint8Array): boolean {
  return digest.length === DIGEST_BYTES && isSignatureForm(signature);
}

export function packCheck(digest: Uint8Array, signature: Uint8Array, into: Uint8Array, index: number): void {
  into.set(digest, index * CHECK_BYTES);
  into.set(signature, index * CHECK_BYTES + DIGEST_BYTES);
}

export function recoverAll(count: number, checks: Uint8Array): Uint8Array {
  const answers = new Uint8Array(count * ANSWER_BYTES);
  for (let index = 0; index < count; index += 1) {
    const check = checks.subarray(index * CHECK_BYTES, (index + 1) * CHECK_BYTES);
    const account = recoverAccount(check.subarray(0, DIGEST_BYTES), check.subarray(DIGEST_BYTES));
    if (account === undefined) continue;
    answers[index * ANSWER_BYTES] = 1;
    answers.set(fromHex(account.slice(2)), index * ANSWER_BYTES + 1);
  }
  return answers;
}

export function answerAt(answers: Uint8Array, index: number): AccountId | undefined {
  const answer = answers.subarray(index * ANSWER_BYTES, (index + 1) * ANSWER_BYTES);
  return answer[0] === 1 ? (`0x${toHex(answer.subarray(1))}` as AccountId) : undefined;
}
