import { madeOnce } from '@market-of-experts/core';
import { type ExpertBackend, type ModelHost, marketExperts, marketSpec } from '@market-of-experts/models';

/** Sees where a text lies, so that routed mode asks the expert who was best there. */
export interface Router {
  readonly backend: ExpertBackend;
  /** Goes over to the static token vectors, which cost a tenth of a millisecond a text, once they are made. */
  becomeCheap(): Promise<void>;
}

/**
 * The founding model to begin with, since it is loaded anyway: the static vectors take up to 20 s to make in a new data
 * directory, and nobody should wait for them.
 */
export function openRouter(host: ModelHost): Router {
  const founder = marketExperts.find(({ isFounder }) => isFounder)!;
  const cheap = marketExperts.find(({ native }) => native.kind === 'static')!;
  let current = madeOnce(() => host.open(marketSpec(founder)));
  return {
    backend: {
      name: 'router',
      dimensions: founder.dimensions,
      embed: async (texts, options) => (await current()).embed(texts, options),
      // The host closes what it has opened.
      close: async () => undefined,
    },
    async becomeCheap() {
      const backend = await host.open(marketSpec(cheap));
      current = async () => backend;
    },
  };
}
