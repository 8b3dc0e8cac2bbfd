/** What becomes of an honest expert whose line is dead for some seconds in a job: nothing is lost, all of it waits. */
import { virtualClock } from '@market-of-experts/testing/virtual-clock';
import { type StragglerOutcome, stragglerMarket } from './straggler.ts';

export interface DeadLineRow extends StragglerOutcome {
  readonly begins: string;
  readonly deadMs: number;
}

/** One way between any two nodes, and what every expert takes for the first list; the second takes twice as long. */
const delayMs = 10;
const listMs = 100;
const firstSealMs = 3 * delayMs + listMs;
const secondSealMs = firstSealMs + 2 * delayMs + 2 * listMs;

/** From the start of the job: tickets there and back, the request, the first list; the cut, the second. */
const moments = [
  { begins: 'before it is asked', atMs: 0 },
  { begins: 'when its first seal is out', atMs: firstSealMs + delayMs / 2 },
  { begins: 'when its second seal is out', atMs: secondSealMs + delayMs / 2 },
];

export async function deadLineRows(): Promise<DeadLineRow[]> {
  const rows: DeadLineRow[] = [];
  for (const { begins, atMs } of moments)
    for (const deadMs of [500, 2_000, 7_000, 9_000, 13_000]) {
      const clock = virtualClock();
      const { market, node, run } = stragglerMarket(
        clock,
        (_, isFirstList) => (isFirstList ? 1 : 2) * listMs,
      );
      const fromMs = clock.nowMs() + atMs;
      market.network.inject.latency((from, to) => {
        const leftMs = fromMs + deadMs - clock.nowMs();
        const isDead = clock.nowMs() >= fromMs && leftMs > 0 && (from === node || to === node);
        return delayMs + (isDead ? leftMs : 0);
      });
      rows.push({ begins, deadMs, ...(await run()) });
    }
  return rows;
}
