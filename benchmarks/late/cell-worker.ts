/** A thread of the study: takes cells, gives rows. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Cell } from './cells.ts';
import { figuresOf } from './figures.ts';
import { runCell } from './late-market.ts';

const { jobs, seed } = workerData as { readonly jobs: number; readonly seed: number };
parentPort?.on('message', async (cell: Cell) => {
  const observed = await runCell({
    ...cell.init,
    jobs,
    seed,
    onJob: () => parentPort?.postMessage({ kind: 'job' }),
  });
  const rows = cell.whom.map((whom) => ({ whom, figures: figuresOf(observed, whom) }));
  parentPort?.postMessage({ kind: 'rows', rows });
});
