export * from './market-service.ts';
