export { createGateway, type Gateway, type GatewayInit } from './gateway.ts';
export type { GatewayLimits } from './limits.ts';
