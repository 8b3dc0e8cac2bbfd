export * from './faults.ts';
export * from './limits.ts';
export * from './memory-network.ts';
export * from './transport.ts';
