export { historyBeliefs } from './calling/history-beliefs.ts';
export * from './calling/policy.ts';
export * from './calling/pricer.ts';
export * from './coordinator/shard-job.ts';
export { examineDataDirectory, type Finding, type Remedy } from './embedded/doctor.ts';
export * from './embedded/embedded-market.ts';
export type { ExpertPool, ExpertSpec } from './embedded/expert-pool.ts';
export {
  changeJoiningChoice,
  joiningSpentMicro,
  readJoiningChoice,
} from './embedded/joined-markets.ts';
export { ledgerService } from './embedded/ledger-service.ts';
export { validatorSpecs } from './embedded/validators.ts';
export * from './expert/expert-role.ts';
export * from './fixed-market/fixed-market.ts';
export * from './ledger-service.ts';
export { historyRecordOf } from './market/certified-record.ts';
export * from './market/market-view.ts';
export * from './market-service.ts';
export { textFor } from './receipts/text-privacy.ts';
export { type GuardedSigner, guardedSigner } from './signing/guarded-signer.ts';
export { contraryTestimony } from './validator/contrary-testimony.ts';
export * from './validator/ticket-book.ts';
export * from './validator/validator-role.ts';
