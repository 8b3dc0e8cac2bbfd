import { messageOf } from '@market-of-experts/core';
import { writeStandings } from '@market-of-experts/roles/settlement/standings-file';
import type { LedgerView } from '@market-of-experts/roles/view/ledger-view';

const saveEveryBatches = 20;

/** Keeps what a market's settlements add up to in a file, now and then: batches since are added at the next start. */
export interface StandingsKeeper {
  /** A batch was taken in. */
  settled(): void;
  save(): void;
}

export function standingsKeeper(
  path: string,
  view: Pick<LedgerView, 'standings'>,
  onWarning: (message: string) => void,
): StandingsKeeper {
  let unsaved = 0;
  const save = (): void => {
    try {
      writeStandings(path, view.standings());
      unsaved = 0;
    } catch (error) {
      onWarning(
        `The standings could not be kept; the next start makes them from the ledger's batches: ${messageOf(error)}`,
      );
    }
  };
  return {
    settled() {
      unsaved += 1;
      if (unsaved % saveEveryBatches === 0) save();
    },
    save,
  };
}
