import type { AccountId } from '@market-of-experts/core';

/** Which order of a client, in one market: it is settled once, or voided. */
export interface OrderNumber {
  readonly client: AccountId;
  readonly clientSeq: number;
}
