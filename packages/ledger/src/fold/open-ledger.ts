import { MoeError } from '@market-of-experts/core';
import type { SignedTransaction } from '@market-of-experts/protocol';
import type { Log } from '../log/log.ts';
import { BackgroundSnapshots } from './background-snapshots.ts';
import { FoldedLog } from './folded-log.ts';
import type { Ledger } from './ledger.ts';
import { replay } from './replay.ts';
import type { SnapshotStore } from './snapshots.ts';
import { TrackedState } from './tracked-state.ts';

export interface OpenLedgerOptions {
  readonly log: Log;
  readonly network: string;
  /** Written first when the log is empty; ignored afterwards. */
  readonly genesis?: SignedTransaction;
  readonly snapshots?: SnapshotStore;
  /** Entries between snapshots; default 20,000. More when there are over 8 records to each of them. */
  readonly snapshotEvery?: number;
  /** Transactions that may wait; beyond it `submit` rejects with `overloaded`. Default 16,384. */
  readonly maxPending?: number;
  /** Check every signature in the log again while opening it. Default false: hashes are always checked. */
  readonly verifySignatures?: boolean;
  /** Told, in a sentence, what was wrong but could be mended, e.g. a damaged snapshot. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Opens the ledger in `log`. Throws `ledger-empty` (empty log and no genesis), `wrong-network`,
 * `log-corrupt`, `other-format`, `log-truncated`.
 */
export async function openLedger(options: OpenLedgerOptions): Promise<Ledger> {
  const { log, network, snapshots, onWarning = () => {} } = options;
  const folded = await replay(log, network, {
    snapshots,
    verifySignatures: options.verifySignatures ?? false,
    onWarning,
  });
  const tracked = new TrackedState(folded.state);
  await tracked.prepare();
  const ledger = new FoldedLog({
    network,
    log,
    folded,
    tracked,
    snapshots: new BackgroundSnapshots({
      store: snapshots,
      every: options.snapshotEvery ?? 20_000,
      height: folded.snapshotHeight,
      tracked,
      onWarning,
    }),
    maxPending: options.maxPending ?? 16_384,
    onWarning,
  });
  if (ledger.height() > 0) return ledger;
  if (options.genesis === undefined)
    throw new MoeError('ledger-empty', 'The ledger is empty: give the genesis transaction to begin with.');
  if (options.genesis.body.network !== network)
    throw new MoeError(
      'wrong-network',
      `The genesis is for network "${options.genesis.body.network}", not "${network}".`,
    );
  await ledger.submit(options.genesis);
  return ledger;
}
