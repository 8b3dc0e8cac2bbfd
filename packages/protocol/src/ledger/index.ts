export * from '../fields/fields.ts';
export * from '../fields/limits.ts';
export * from '../settlement/settlement-body.ts';
export { type DestinationWarning, warningsOfDestination } from './accounts/destination.ts';
export { spendableMicro } from './accounts/prepaid.ts';
export * from './apply.ts';
export { type WeightsPromise, weightsCommitment } from './epochs/weights.ts';
export { findingOf } from './evidence/findings.ts';
export * from './preview.ts';
export * from './proofs/state-root.ts';
export { versionProbationEpochs } from './registration/model-versions.ts';
export { worthOf } from './staking/shares.ts';
export * from './state/draft.ts';
export type {
  Backing,
  Delegation,
  Expert,
  Offence,
  Rotation,
  Unbonding,
  Validator,
} from './state/node-records.ts';
export type { Bonds, Ranking, WeightCommit, Weights } from './state/ranking-records.ts';
export * from './state/records.ts';
export * from './state/state.ts';
export {
  type EpochEnd,
  innerSignatures,
  signConsent,
  signEpochEnd,
  signSettlement,
} from './transaction/authority.ts';
export { LEDGER_TIME } from './transaction/ledger-time.ts';
export * from './transaction/misconduct.ts';
export * from './transaction/network-rules.ts';
export type { Applied, Refused } from './transaction/outcome.ts';
export * from './transaction/sign-transaction.ts';
export * from './transaction/transaction.ts';
export * from './transaction/transaction-json.ts';
export * from './transaction/typed-transaction.ts';
export { type Attendance, attendanceOf, hasSeat, seatEndsAtEpoch } from './validators/attendance.ts';
export { hasThirdOfSeats, hasTwoThirds, isQuorum, type Quorum, quorumOf } from './validators/quorum.ts';
