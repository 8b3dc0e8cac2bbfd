import { messageOf } from '@market-of-experts/core';
import type { EmbeddedMarket } from '@market-of-experts/host/embedded-market';
import type { ModelHost } from '@market-of-experts/models';
import type { UpLog } from './log.ts';
import type { UpOptions } from './up-options.ts';

/** A market that `moe up` has opened. */
export interface RunningMarket {
  readonly market: EmbeddedMarket;
  readonly models: ModelHost;
  readonly options: UpOptions;
  readonly log: UpLog;
  /** Aborted when the market is to stop. */
  readonly signal: AbortSignal;
}

/** Tells what went wrong and is left out. */
export function warn(log: UpLog, what: string, error: unknown): void {
  const message = `${what}: ${messageOf(error)}`;
  log.say(message, { event: 'warning', message });
}
