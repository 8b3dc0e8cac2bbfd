/** A process that plays batches; its parent kills it when a batch does not end. */

import type { Batch, Played } from './play-batches.ts';
import { runCases } from './run-cases.ts';
import { allTargets } from './targets/all.ts';

const { targets, close } = allTargets();
const byName = new Map(targets.map((target) => [target.name, target]));
const send = (message: Played): void => void process.send!(message);

process.on('message', async ({ target, seed, cases }: Batch) => {
  const findings = await runCases(byName.get(target)!, seed, cases);
  // In kilobytes.
  send({ findings, maxRssMb: Math.round(process.resourceUsage().maxRSS / 1024) });
});
process.on('disconnect', () => {
  close();
  process.exit(0);
});
process.send!('ready');
