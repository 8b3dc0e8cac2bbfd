import type { Roster } from '@market-of-experts/protocol';

/** An expert's own count of what it declined because it expects to lose. A market allows some in every epoch. */
export interface DeclineBook {
  mayDecline(roster: Roster): boolean;
  /** It declined under this roster. */
  note(roster: Roster): void;
}

/** Epochs are told apart by their beacons, which every roster names. */
export function declineBook(): DeclineBook {
  let beacon: string | undefined;
  let count = 0;
  const countIn = (roster: Roster): number => {
    if (roster.beacon !== beacon) {
      beacon = roster.beacon;
      count = 0;
    }
    return count;
  };
  return {
    mayDecline: (roster) => countIn(roster) < roster.parameters.declinesPerEpoch,
    note: (roster) => {
      count = countIn(roster) + 1;
    },
  };
}
