import { hashOf, type MarketId } from '@market-of-experts/core';
import type { MarketParameters, PlaceCentroids, Roster } from '@market-of-experts/protocol';
import { type TicketBook, ticketBook } from '@market-of-experts/roles/validator/ticket-book';
import { type Encode, freeEncode } from './encoders.ts';
import type { TestKeys } from './test-keys.ts';

export interface FixedRosterInit {
  readonly parameters: MarketParameters;
  /** Paid experts, then newcomers. */
  readonly experts: number;
  readonly newcomers?: number;
  readonly validators: number;
  /** Jobs that a validator has tickets for, as a power of two; default 13. */
  readonly ticketDepth?: number;
  /** What the n-th expert answers with; default: {@link freeEncode}. */
  readonly encode?: (index: number) => Encode;
}

/** A roster without a ledger, and what the nodes in it have published. */
export interface FixedRoster {
  readonly roster: Roster;
  /** Of the experts, in the order of the roster. */
  readonly encoders: readonly Encode[];
  /** Of the validators, in the order of the roster. */
  readonly tickets: readonly TicketBook[];
  /** A partition without history: the cells around the first axes. */
  readonly places: PlaceCentroids;
}

export function fixedRoster(init: FixedRosterInit, keys: TestKeys): FixedRoster {
  const { parameters } = init;
  const count = init.experts + (init.newcomers ?? 0);
  const encoders = Array.from(
    { length: count },
    (_, index) => init.encode?.(index) ?? freeEncode(parameters.dimensions),
  );
  const nodes = encoders.map((_, index) => keys.nodeOf(`expert-${index}`));
  const tickets = Array.from({ length: init.validators }, (_, index) =>
    ticketBook(
      keys.keysOf(`validator-${index}`),
      hashOf('fixed-market/tickets', index),
      init.ticketDepth ?? 13,
    ),
  );
  const roster: Roster = {
    network: 'fixed',
    market: 'text-embedding' as MarketId,
    marketOwner: keys.accountOf('market-owner'),
    beacon: hashOf('fixed-market/beacon', 0),
    batch: 0,
    parameters,
    placesHash: hashOf('fixed-market/places', 0),
    experts: nodes.map((node, index) => ({
      node,
      owner: keys.accountOf(`owner-${index}`),
      askMicroPerKilobyte: 10_000n,
      askBps: 5_000,
      stakeMicro: 1_000_000_000n,
      faultyEpochs: 0,
      onProbation: index >= init.experts,
    })),
    validators: tickets.map(({ root }, index) => ({
      node: keys.nodeOf(`validator-${index}`),
      stakeMicro: 1_000_000n,
      ticketRoot: root,
    })),
  };
  return {
    roster,
    encoders,
    tickets,
    places: axisPlaces(parameters),
  };
}

function axisPlaces({ places: count, dimensions: dimension }: MarketParameters): PlaceCentroids {
  const centroids = new Int16Array(count * dimension);
  for (let place = 0; place < count; place += 1) centroids[place * dimension + (place % dimension)] = 32_767;
  return { count, dimension, centroids };
}
