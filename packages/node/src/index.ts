export * from './coordinator/shard-job.ts';
export * from './embedded/embedded-market.ts';
export type { ExpertPool, ExpertSpec } from './embedded/expert-pool.ts';
export * from './expert/expert-role.ts';
export * from './fixed-market/fixed-market.ts';
export * from './market/market-view.ts';
export * from './market-service.ts';
export * from './validator/ticket-book.ts';
export * from './validator/validator-role.ts';
