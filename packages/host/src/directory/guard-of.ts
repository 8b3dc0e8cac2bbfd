import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Clock, KeyPair } from '@market-of-experts/core';
import type { Ledger } from '@market-of-experts/ledger';
import { openEmbeddedGuard, type SigningGuard } from '@market-of-experts/ledger/guard';
import { maxOrderLifetimeMs } from '@market-of-experts/roles/job/payable-order';

export interface GuardOfInit {
  readonly dataDir: string;
  /** Where notes about this machine are kept, outside every data directory; default that of XDG. */
  readonly stateDir?: string | undefined;
  /** Names the keys of the data directory: its copies have the same. */
  readonly gatewayKeys: KeyPair;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly acceptsOlderCopy: boolean;
}

/** Opens the signing guard of a data directory. Throws as `openEmbeddedGuard` does. */
export function guardOf(init: GuardOfInit): Promise<SigningGuard> {
  const { dataDir, gatewayKeys, ledger, clock, acceptsOlderCopy } = init;
  const skewsMs = ledger.markets().map(({ terms }) => terms.parameters.maximumClockSkewMs);
  return openEmbeddedGuard({
    directory: join(dataDir, 'guard'),
    anchorDirectory: join(init.stateDir ?? defaultStateDir(), 'guards', gatewayKeys.publicKey),
    nowMs: clock.nowMs,
    // An order made by a clock that is ahead is served by one that is behind.
    longestMs: maxOrderLifetimeMs + 2 * Math.max(0, ...skewsMs),
    acceptsOlderCopy,
  });
}

function defaultStateDir(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'moe');
}
