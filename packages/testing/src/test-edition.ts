import type { EditionListing } from '@market-of-experts/api/editions';
import { hashOf, type NodeId } from '@market-of-experts/core';
import { type Edition, editionSchema } from '@market-of-experts/protocol';

/** The first edition of a market: these experts, each with a full weight. */
export function testEdition(
  { network, market }: Pick<Edition, 'network' | 'market'>,
  parts: readonly { readonly node: NodeId; readonly dimensions: number; readonly weightSteps?: number }[],
): Edition {
  return editionSchema.parse({
    network,
    market,
    number: 1,
    previous: null,
    parts: parts.map((part) => ({ modelVersion: hashOf('test/model', part.node), weightSteps: 2, ...part })),
    places: null,
    gate: [],
    windowCharacters: 65_536,
    projectionSeed: hashOf('test/projection', market),
    fromEpoch: 0,
    toEpoch: 1,
    evidence: hashOf('test/evidence', []),
  });
}

/** As a market lists an edition that is in force. */
export function testEditionListing(
  market: string,
  parts: readonly { readonly name: string; readonly dimensions: number }[],
  number = 1,
): EditionListing {
  return {
    name: `${market}@${number}`,
    number,
    hash: hashOf('test/edition', [market, number]),
    isInForce: true,
    dimensions: parts.reduce((sum, { dimensions }) => sum + dimensions, 0),
    parts: parts.map(({ name, dimensions }) => ({
      id: hashOf('test/expert/1', name),
      name,
      modelVersion: hashOf('test/model', name),
      dimensions,
      weight: 1,
      isHere: true,
    })),
    projectionSeed: hashOf('test/projection', market),
    fromEpoch: 0,
  };
}
