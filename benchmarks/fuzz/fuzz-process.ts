/** A process that plays batches and shows that it goes on; its parent kills it when it does not. */

import type { Batch, Played } from './play-batches.ts';
import { runCases } from './run-cases.ts';
import { allTargets } from './targets/all.ts';

const { targets, close } = allTargets();
const byName = new Map(targets.map((target) => [target.name, target]));
const send = (message: Played | 'alive'): void => void process.send!(message);
let shownMs = 0;
const showLife = (): void => {
  if (performance.now() - shownMs < 1_000) return;
  shownMs = performance.now();
  send('alive');
};

process.on('message', async ({ target, seed, cases }: Batch) => {
  const findings = await runCases(byName.get(target)!, seed, cases, showLife);
  // In kilobytes.
  send({ findings, maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024) });
});
process.on('disconnect', () => {
  close();
  process.exit(0);
});
process.send!('ready');
