import { Worker } from 'node:worker_threads';
import type { Cell } from './cells.ts';
import type { Figures } from './figures.ts';

export interface CellRow {
  readonly whom: Cell['whom'][number];
  readonly figures: Figures;
}

type Message = { readonly kind: 'job' } | { readonly kind: 'rows'; readonly rows: readonly CellRow[] };

/** Runs every differently named cell once, on `threads` threads; rows by the cell's name. */
export async function runCells(
  cells: readonly Cell[],
  options: {
    readonly jobs: number;
    readonly seed: number;
    readonly threads: number;
    readonly onJob: () => void;
  },
): Promise<ReadonlyMap<string, readonly CellRow[]>> {
  const queue = [...new Map(cells.map((cell) => [cell.name, cell] as const)).values()];
  const found = new Map<string, readonly CellRow[]>();
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./cell-worker.ts', import.meta.url), {
        workerData: { jobs: options.jobs, seed: options.seed },
      });
      let current: Cell | undefined;
      const next = (): void => {
        current = queue.shift();
        if (current !== undefined) worker.postMessage(current);
        else worker.terminate().then(() => resolve(), reject);
      };
      worker.on('error', reject);
      worker.on('message', (message: Message) => {
        if (message.kind === 'job') return options.onJob();
        found.set(current!.name, message.rows);
        next();
      });
      next();
    });
  await Promise.all(Array.from({ length: options.threads }, work));
  return found;
}
