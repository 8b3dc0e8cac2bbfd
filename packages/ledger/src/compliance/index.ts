export * from './log-compliance.ts';
export * from './receipts-compliance.ts';
