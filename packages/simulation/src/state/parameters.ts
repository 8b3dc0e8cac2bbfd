import { defaultParameters, type MarketParameters } from '@market-of-experts/protocol';
import type { Scenario } from '../scenario/schema.ts';

/** The protocol's default parameters with the scenario's changes. */
export function parametersOf({ market, dimensions }: Scenario): MarketParameters {
  const { lateSlashBps, ...rest } = market;
  const changes = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    ...defaultParameters,
    ...(changes as Partial<MarketParameters>),
    dimensions,
    slashBps: {
      ...defaultParameters.slashBps,
      ...(lateSlashBps === undefined ? {} : { late: lateSlashBps }),
    },
  };
}
