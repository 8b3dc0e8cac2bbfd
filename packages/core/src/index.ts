export * from './amount.ts';
export * from './clock.ts';
export * from './codec.ts';
export { distinctNames, skeletonOf } from './display-name.ts';
export type { ErrorCode, RefusalCode } from './error-codes.ts';
export * from './errors.ts';
export * from './ids.ts';
export * from './keys.ts';
export { madeOnce } from './made-once.ts';
export { formatAccount, parseAccount } from './owner/address.ts';
export { generateOwnerKey, type OwnerKey, ownerKeyFromPrivate, signTypedData } from './owner/owner-key.ts';
export { OWNER_SIGNATURE_BYTES } from './owner/secp256k1.ts';
export {
  type TypedData,
  type TypedDataDomain,
  type TypedDataField,
  type TypedDataTypes,
  typedDataHash,
} from './owner/typed-data.ts';
export { verifyTypedData, verifyTypedDataAsync } from './owner/verify-typed-data.ts';
export { pendingSignatureChecks } from './pending-checks.ts';
export { cutText, plainText, sentenceSchema } from './plain-text.ts';
export { problemAt, schemaProblem } from './schema-problem.ts';
export { setSignatureMemo } from './signature-memo.ts';
export * from './signing/signed.ts';
export { textOf } from './text.ts';
