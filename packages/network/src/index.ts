export * from './faults.ts';
export * from './limits.ts';
export * from './memory-network.ts';
export * from './scoped-transport.ts';
export * from './transport.ts';
