import { setTimeout as delay } from 'node:timers/promises';
import type { MarketService } from '@market-of-experts/api/market-service';
import type { UpLog } from './log.ts';

const lookEveryMs = 250;

/**
 * Resolves once the market can do its work, and says meanwhile what is in the way, whenever that changes. Rejects when the
 * signal is aborted.
 */
export async function untilReady(
  service: Pick<MarketService, 'readiness'>,
  log: Pick<UpLog, 'say'>,
  signal: AbortSignal,
): Promise<void> {
  let told = '';
  for (;;) {
    const { isReady, reasons } = service.readiness();
    if (isReady) break;
    const sentences = reasons.map(({ message }) => message).join(' ');
    if (sentences !== told) log.say(`Not ready yet. ${sentences}`, { event: 'not-ready', reasons });
    told = sentences;
    await delay(lookEveryMs, undefined, { signal });
  }
  if (told !== '') log.say('Ready.', { event: 'ready' });
}
