import { fromHex, MoeError, toHex } from '@market-of-experts/core';
import { applyTransaction, emptyState, type LedgerState } from '@market-of-experts/protocol';
import {
  areSignaturesValid,
  CHAIN_START,
  chainHashIn,
  corrupt,
  otherRules,
  readEntry,
} from '../log/entry.ts';
import type { Log } from '../log/log.ts';
import type { SnapshotStore } from './snapshots.ts';
import { yieldToEvents } from './yield-to-events.ts';

/** A fold and the place in the log that it has reached. */
export interface Folded {
  readonly state: LedgerState;
  height: number;
  chainHash: Uint8Array;
  /** Height of the snapshot that it began with; 0 without one. */
  snapshotHeight: number;
}

const ENTRIES_PER_READ = 1_024;

/**
 * Folds the log: from the newest snapshot that belongs to it, or from the beginning. Every entry's hash is
 * checked; signatures were checked when the entries were taken and are checked again only if asked.
 * Throws `log-corrupt`, `other-format`, `log-truncated`, `wrong-network`.
 */
export async function replay(
  log: Pick<Log, 'head' | 'read'>,
  network: string,
  options: {
    readonly snapshots: SnapshotStore | undefined;
    readonly verifySignatures: boolean;
    readonly onWarning: (message: string) => void;
  },
): Promise<Folded> {
  const head = await log.head();
  const folded = (await fromSnapshot(log, head, options)) ?? {
    state: emptyState(),
    height: 0,
    chainHash: CHAIN_START,
    snapshotHeight: 0,
  };
  requireNetwork(folded, network);
  while (folded.height < head) {
    const batch = await log.read(folded.height, ENTRIES_PER_READ);
    if (batch.length === 0) throw corrupt(folded.height, 'it is missing');
    for (const bytes of batch) {
      const entry = readEntry(folded.height, folded.chainHash, bytes);
      if (folded.height === 0 && entry.transaction.network !== network)
        throw wrongNetwork(entry.transaction.network, network);
      if (options.verifySignatures && !(await areSignaturesValid(entry)))
        throw corrupt(entry.index, 'a signature on it does not hold');
      const outcome = applyTransaction(folded.state, entry.transaction);
      if (!outcome.applied)
        throw otherRules(entry.index, `the rules of this one refuse it (${outcome.message})`);
      folded.height += 1;
      folded.chainHash = entry.chainHash;
    }
    await yieldToEvents();
  }
  return folded;
}

async function fromSnapshot(
  log: Pick<Log, 'head' | 'read'>,
  head: number,
  options: Parameters<typeof replay>[2],
): Promise<Folded | undefined> {
  if (options.snapshots === undefined) return undefined;
  for await (const snapshot of options.snapshots.newestFirst(options.onWarning)) {
    if (snapshot.height > head)
      throw new MoeError(
        'log-truncated',
        `The ledger's log ends at entry ${head}, but a snapshot was taken at entry ${snapshot.height}: entries are missing. Restore the data directory from a backup.`,
        { metadata: { head, snapshotHeight: snapshot.height } },
      );
    const [last] = await log.read(snapshot.height - 1, 1);
    if (last === undefined || toHex(chainHashIn(last)) !== snapshot.headHash) {
      options.onWarning(
        `The snapshot at entry ${snapshot.height} belongs to another log and is passed over.`,
      );
      continue;
    }
    const { state, height, headHash } = snapshot;
    return { state, height, chainHash: fromHex(headHash), snapshotHeight: height };
  }
  return undefined;
}

function requireNetwork({ state }: Folded, network: string): void {
  const found = state.network.get('network')?.network;
  if (found !== undefined && found !== network) throw wrongNetwork(found, network);
}

function wrongNetwork(found: string, wanted: string): MoeError {
  return new MoeError(
    'wrong-network',
    `This log belongs to network "${found}", not to "${wanted}". Choose the data directory of "${wanted}", or another one.`,
    { metadata: { found, wanted } },
  );
}
