import type { Clock, Random } from '@market-of-experts/core';
import type { Auditor } from './auditor.ts';

/** Pairs that are begun in an hour; of each, a shard is examined once and asked about 60 pieces of ten words. */
const usualAuditsPerHour = 2;
const hourMs = 3_600_000;

/** Has rounds of audits done, so many an hour and at times that nobody can tell. Returns what ends that. */
export function keepAuditing(
  { round }: Pick<Auditor, 'round'>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  auditsPerHour: number = usualAuditsPerHour,
): () => Promise<void> {
  const stopped = new AbortController();
  const restMs = (): number => {
    const [high, low] = random.bytes(2) as unknown as [number, number];
    // Half of the mean to one and a half of it.
    return (hourMs / auditsPerHour) * (0.5 + (256 * high + low) / 65_536);
  };
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await clock.sleep(restMs(), stopped.signal);
      await round(stopped.signal);
    }
  };
  const running = auditsPerHour > 0 ? run().catch(() => undefined) : Promise.resolve();
  return async () => {
    stopped.abort();
    await running;
  };
}
