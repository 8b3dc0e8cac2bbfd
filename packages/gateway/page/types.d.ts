import type { PublishedEditionJson } from '@market-of-experts/api/editions';
import type { MarketEventJson } from '@market-of-experts/api/events';
import type { JobJson } from '@market-of-experts/api/jobs';
import type { MetagraphJson, NetworkJson } from '@market-of-experts/api/ledger-facts';
import type { StatusJson } from '@market-of-experts/api/status';

/** What the page reads from `/v1/status` and, below, from `/v1/events`. */
export type Status = StatusJson;
export type Event = MarketEventJson;
export type Job = JobJson;
export type Network = NetworkJson;
export type PublishedEdition = PublishedEditionJson;
export type Metagraph = MetagraphJson;
export type MetagraphNode = Metagraph['nodes'][number];
export type Edition = NonNullable<Status['markets'][number]['editions']>[number];
export type Expert = Status['experts'][number];
/** A training that runs: fraction done, 0 to 1, and the loss so far. */
export interface Training {
  readonly name: string;
  readonly share: number;
  readonly loss: number | undefined;
}
