import { MoeError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { memoKey, remember } from '../signature-memo.ts';
import { addressOf } from './address.ts';
import { isPrivateKey, publicKeyOf, signDigest } from './secp256k1.ts';
import { type TypedData, typedDataHash } from './typed-data.ts';

/** secp256k1, as Ethereum's wallets hold it: owns an account and moves its money. */
export interface OwnerKey {
  /** The account. */
  readonly address: AccountId;
  /** 32 bytes. Never logged; files that hold it have mode 0600. */
  readonly privateKey: Uint8Array;
}

export function generateOwnerKey(): OwnerKey {
  for (;;) {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    if (isPrivateKey(bytes)) return ownerKeyFromPrivate(bytes);
  }
}

/** The key of 32 private bytes. Throws `invalid-private-key`, which does not show them. */
export function ownerKeyFromPrivate(privateKey: Uint8Array): OwnerKey {
  if (!isPrivateKey(privateKey))
    throw new MoeError(
      'invalid-private-key',
      'This is not a private key of an account: it must be 32 bytes (64 hex digits), more than zero and below the order of secp256k1.',
    );
  const key = { address: addressOf(publicKeyOf(privateKey)) };
  // A key that is printed or serialised by mistake shows its public half only.
  Object.defineProperty(key, 'privateKey', { value: Uint8Array.from(privateKey), enumerable: false });
  return key as OwnerKey;
}

/** Signs what a wallet would show (EIP-712): 65 bytes, r ‖ s ‖ v. */
export function signTypedData(key: OwnerKey, data: TypedData): Uint8Array {
  const digest = typedDataHash(data);
  const signature = signDigest(key.privateKey, digest);
  remember(memoKey(key.address, digest, signature));
  return signature;
}
