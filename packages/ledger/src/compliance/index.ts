export * from './guard-compliance.ts';
export * from './log-compliance.ts';
export * from './receipts-compliance.ts';
export * from './small-disk.ts';
