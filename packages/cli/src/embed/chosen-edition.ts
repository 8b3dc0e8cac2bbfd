import type { MarketListing } from '@market-of-experts/api/models';

/** What texts are sent to. */
export interface ChosenEdition {
  readonly market: MarketListing;
  /** Experts that answer to each text. */
  readonly parts: number;
  /** Name of the edition. */
  readonly model: string;
}
