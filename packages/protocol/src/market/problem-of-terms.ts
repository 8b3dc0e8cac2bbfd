import type { MarketTerms } from './terms.ts';

/** Why a market cannot run on these terms, in a sentence; undefined when it can. */
export function problemOfTerms({ parameters, space, registration }: MarketTerms): string | undefined {
  if (parameters.dimensions !== space.dimensions)
    return `The parameters say ${parameters.dimensions} dimensions and the space says ${space.dimensions}: they must agree.`;
  if (registration.capMicro < registration.floorMicro)
    return `The cap of a registration's price is below its floor.`;
  return undefined;
}
