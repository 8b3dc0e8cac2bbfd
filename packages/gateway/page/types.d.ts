import type { Metagraph as MarketMetagraph, NetworkFacts } from '@market-of-experts/api/ledger-service';
import type { MarketEvent, MarketStatus } from '@market-of-experts/api/market-service';

/** The JSON form of a value: amounts (bigint) are decimal strings. */
type Json<T> = T extends bigint
  ? string
  : T extends string
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Json<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]: Json<T[Key]> }
        : T;

/** What the page reads from `/v1/status` and, below, from `/v1/events`. */
export type Status = Json<MarketStatus> & { readonly gateway: { readonly canTry: boolean } };
export type Event = Json<MarketEvent>;
export type Job = Status['recentJobs'][number];
export type Network = Json<NetworkFacts>;
export type Metagraph = Json<MarketMetagraph>;
export type MetagraphNode = Metagraph['nodes'][number];
export type Expert = Status['experts'][number];
/** A training that runs: fraction done, 0 to 1, and the loss so far. */
export interface Training {
  readonly name: string;
  readonly share: number;
  readonly loss: number | undefined;
}
