export * from '../fields/fields.ts';
export * from '../fields/limits.ts';
export * from '../settlement/settlement-body.ts';
export * from './apply.ts';
export { type Attendance, attendanceOf, hasSeat, seatEndsAtEpoch } from './attendance.ts';
export {
  type EpochEnd,
  innerSignatures,
  signConsent,
  signEpochEnd,
  signSettlement,
} from './authority.ts';
export { type DestinationWarning, warningsOfDestination } from './destination.ts';
export * from './draft.ts';
export { faultyEpochs } from './faults.ts';
export { findingOf } from './findings.ts';
export { LEDGER_TIME } from './ledger-time.ts';
export * from './misconduct.ts';
export * from './network-rules.ts';
export type { Applied, RefusalCode, Refused } from './outcome.ts';
export { spendableMicro } from './prepaid.ts';
export * from './preview.ts';
export { hasThirdOfSeats, hasTwoThirds, isQuorum, type Quorum, quorumOf } from './quorum.ts';
export * from './records.ts';
export { worthOf } from './shares.ts';
export * from './sign-transaction.ts';
export * from './state.ts';
export * from './state-root.ts';
export * from './transaction.ts';
export * from './transaction-json.ts';
export * from './typed-transaction.ts';
export { type WeightsPromise, weightsCommitment } from './weights.ts';
