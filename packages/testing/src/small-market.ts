import { embeddedParameters, type MarketParameters } from '@market-of-experts/protocol';
import { wordEncode } from './encoders.ts';
import { type FixedMarket, type FixedMarketInit, fixedMarket } from './fixed-market.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

/** Small vectors and pools, so that a job takes a millisecond or two; the rules are the real ones. */
export const smallParameters: MarketParameters = {
  ...embeddedParameters,
  dimensions: 48,
  distractors: 8,
  distractorPool: 48,
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
    calibrationText: textAbout,
    ticketDepth: 6,
    clock,
    ...init,
  });
  return { ...market, clock };
}

const topicWords = 6;
const order = [3, 0, 5, 1, 4, 2];

/** A text of 48 words that all belong to topic `topic`, so that each half says what the other is about. */
export function textAbout(topic: number): string {
  return Array.from(
    { length: 48 },
    (_, index) => `w${topic}x${order[(index + Math.floor(index / topicWords)) % topicWords]}`,
  ).join(' ');
}
