/**
 * The false-slash study: how often honest experts are late, and what it costs them. The real coordinator, experts
 * and witnesses run in virtual time; delays are drawn from the distributions of `late/conditions.ts`.
 *
 * `npm run bench -- late [--json] [--jobs N] [--seed N] [--threads N] [--only PART] [--chart FILE.svg]`;
 * `--only world` runs the cells with "world" in their names; they come out the same as among the others.
 */
import { writeFileSync } from 'node:fs';
import { afterCutRows } from './late/after-cut.ts';
import { type Cell, circumstances, sweep } from './late/cells.ts';
import { lateChart } from './late/chart.ts';
import { deadLineRows } from './late/dead-line.ts';
import {
  printAfterCut,
  printCircumstances,
  printDeadLine,
  printSkew,
  printSweep,
  rowsOf,
} from './late/report.ts';
import { runCells } from './late/run-cells.ts';
import { skewRows } from './late/skew.ts';
import { optionOf } from './scoring/options.ts';
import { progressBar } from './scoring/progress.ts';

export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const numberOf = (name: string, otherwise: number): number => Number(optionOf(args, name)) || otherwise;
  const jobs = numberOf('--jobs', 40);
  const seed = numberOf('--seed', 1);
  const threads = numberOf('--threads', 2);
  const chartFile = optionOf(args, '--chart');
  const only = optionOf(args, '--only') ?? '';
  const isWanted = ({ name }: Cell): boolean => name.includes(only);
  const swept = sweep().filter(isWanted);
  const special = circumstances().filter(isWanted);
  const cells = [...swept, ...special];
  const distinct = new Set(cells.map(({ name }) => name)).size;
  const tick = progressBar('jobs', distinct * jobs);
  const found = await runCells(cells, { jobs, seed, threads, onJob: () => tick(1) });
  const rows = rowsOf(swept, found);
  const circumstanceRows = rowsOf(special, found);
  const afterCut = await afterCutRows();
  const deadLine = await deadLineRows();
  const skew = await skewRows();
  if (chartFile !== undefined && only === '') writeFileSync(chartFile, lateChart(rows));
  if (!json) {
    console.log(`${jobs} jobs a cell, seed ${seed}; money per 1,000 jobs that an expert sits in, 1 kB each.`);
    printSweep(rows);
    if (special.length > 0) printCircumstances(circumstanceRows);
    printAfterCut(afterCut);
    printDeadLine(deadLine);
    printSkew(skew);
  }
  return { jobs, seed, rows, circumstances: circumstanceRows, afterCut, deadLine, skew };
}
