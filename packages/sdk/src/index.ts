export type { HttpErrorCode } from '@market-of-experts/api/errors';
export { MoeError } from '@market-of-experts/core/errors';
export type { Embedded, EmbedOptions } from './embed.ts';
export { type Advice, isRefused, type Refusal } from './errors.ts';
export type { FollowedEvent, FollowOptions } from './follow-events.ts';
export type { LedgerClient } from './ledger-client.ts';
export { createMarketClient, type MarketClient } from './market-client.ts';
export { type CallOptions, jsonOf, type MarketAddress } from './requests.ts';
