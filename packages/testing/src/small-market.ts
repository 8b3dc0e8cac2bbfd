import { embeddedParameters, type MarketParameters } from '@market-of-experts/protocol';
import { wordEncode } from './encoders.ts';
import { type FixedMarket, type FixedMarketInit, fixedMarket } from './fixed-market.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

/** Few texts and pieces, also of short texts, so that a job takes a millisecond or two; the rules are the real ones. */
export const smallExams = {
  batchTexts: 3,
  reserveTexts: 3,
  minimumWords: 12,
  pieceWords: 6,
  spanWords: 4,
} as const;

/** The same with small vectors. */
export const smallParameters: MarketParameters = {
  ...embeddedParameters,
  dimensions: 48,
  ...smallExams,
  places: 4,
};

export interface SmallMarket extends FixedMarket {
  readonly clock: VirtualClock;
}

/** A fixed market in virtual time whose experts know something, expert 0 the most. */
export function smallMarket(init: Partial<FixedMarketInit> = {}): SmallMarket {
  const parameters = init.parameters ?? smallParameters;
  const clock = virtualClock();
  const market = fixedMarket({
    parameters,
    experts: 6,
    validators: Math.max(1, parameters.witnesses),
    encode: (index) => wordEncode(parameters.dimensions, `expert-${index}`, 0.5 + index / 10),
    ticketDepth: 6,
    clock,
    ...init,
  });
  return { ...market, clock };
}
