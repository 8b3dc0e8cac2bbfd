export * from './apply.ts';
export { innerSignatures, signConsent, signRelease, signSettlement } from './authority.ts';
export * from './draft.ts';
export * from './limits.ts';
export type { Applied, RefusalCode, Refused } from './outcome.ts';
export * from './preview.ts';
export * from './state.ts';
export * from './state-root.ts';
export * from './transaction.ts';
