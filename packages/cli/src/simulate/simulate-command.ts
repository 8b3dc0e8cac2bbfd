import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isMoeError } from '@market-of-experts/core';
import {
  groupTable,
  makeReport,
  type Report,
  type ReportTable,
  type RunResult,
  readScenario,
  reportHtml,
  reportJson,
  runTable,
  type ScenarioRun,
  shippedScenario,
  shippedScenarios,
  simulate,
} from '@market-of-experts/simulation';
import { readSmallFile } from '../files/read-small-file.ts';
import { exitCodes, usageError } from '../terminal/exit-codes.ts';
import { print, printAside, printJson } from '../terminal/print.ts';
import { bar, startProgressLine } from '../terminal/progress-line.ts';
import { renderTable } from '../terminal/table.ts';
import { formatCount, formatDuration, paint, paintError, printable } from '../terminal/text.ts';

export interface SimulateFlags {
  readonly list?: boolean;
  readonly seed?: string;
  readonly jobs?: string;
  readonly out: string;
  readonly json?: boolean;
}

/** Longest time in which Ctrl-C is not looked at. */
const sliceMs = 50;
const maximumFileBytes = 1024 * 1024;

/** `moe simulate`: sets the exit code, rejects with what was wrong. */
export async function simulateCommand(
  name: string | undefined,
  flags: SimulateFlags & { readonly isOutGiven: boolean },
): Promise<void> {
  if (flags.list) return list(flags.json === true);
  if (name === undefined)
    throw usageError('Name a scenario: a YAML file, or one of those that `moe simulate --list` shows.');
  const seed = wholeNumber('--seed', flags.seed, 0, 2 ** 32 - 1);
  const jobs = wholeNumber('--jobs', flags.jobs, 100, 1_000_000);
  const runs = readRuns(await scenarioText(name), printable(name), {
    ...(seed === undefined ? {} : { seed }),
    ...(jobs === undefined ? {} : { jobs }),
  });
  const writesFiles = flags.json !== true || flags.isOutGiven;
  if (writesFiles) await makeFolder(flags.out);

  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  note(flags, `Simulating ${runs.map(({ name }) => printable(name)).join(', ')} …`);
  const { report, elapsedMs } = await runAll(runs, stop.signal, flags.json === true);
  process.off('SIGINT', onInterrupt);
  process.off('SIGTERM', onInterrupt);

  if (flags.json) printJson(report);
  else show(report);
  if (writesFiles) {
    const stem = join(flags.out, report.name.replace(/[^A-Za-z0-9._-]+/g, '-'));
    await writeFile(`${stem}.json`, reportJson(report));
    await writeFile(`${stem}.html`, reportHtml(report));
    note(flags, `Wrote ${stem}.json and ${stem}.html`);
  }
  const total = report.runs.reduce((sum, { result }) => sum + result.jobs, 0);
  note(
    flags,
    `${formatCount(total)} jobs in ${formatDuration(elapsedMs)} (${formatCount(Math.round((1_000 * total) / Math.max(1, elapsedMs)))} jobs/s)`,
  );
  if (stop.signal.aborted) {
    note(flags, 'Interrupted: this is what was simulated so far.');
    process.exitCode = exitCodes.interrupted;
  }
}

/** A scenario that cannot be read is wrong usage, whoever wrote it. */
function readRuns(...input: Parameters<typeof readScenario>): ScenarioRun[] {
  try {
    return readScenario(...input);
  } catch (error) {
    throw isMoeError(error, 'scenario-invalid') ? usageError(error.message) : error;
  }
}

async function runAll(
  runs: readonly ScenarioRun[],
  signal: AbortSignal,
  isQuiet: boolean,
): Promise<{ report: Report; elapsedMs: number }> {
  const total = runs.reduce((sum, { scenario }) => sum + scenario.jobs, 0);
  const startedAtMs = performance.now();
  let before = 0;
  let done = 0;
  const progress = startProgressLine(!isQuiet, (columns) => {
    const share = (before + done) / total;
    const elapsed = performance.now() - startedAtMs;
    const left = share > 0.02 ? `, ${formatDuration((elapsed * (1 - share)) / share)} left` : '';
    const text = ` ${formatCount(before + done)} of ${formatCount(total)} jobs${left}`;
    return `${bar(share, Math.max(4, Math.min(30, columns - text.length - 2)))}${text}`;
  });
  const results: { run: ScenarioRun; result: RunResult }[] = [];
  try {
    for (const run of runs) {
      // What was begun before an interruption is shown; what was not is left out.
      if (signal.aborted && results.length > 0) break;
      const steps = simulate(run.scenario, () => signal.aborted);
      let step = steps.next();
      for (let sinceMs = performance.now(); !step.done; step = steps.next()) {
        done = step.value;
        if (performance.now() - sinceMs < sliceMs) continue;
        await setImmediate();
        sinceMs = performance.now();
      }
      results.push({ run, result: step.value });
      before += step.value.jobs;
      done = 0;
    }
  } finally {
    progress.stop();
  }
  return { report: makeReport(results), elapsedMs: performance.now() - startedAtMs };
}

function show(report: Report): void {
  print(paint('bold', printable(report.question)));
  print();
  print(render(runTable(report)));
  for (const { name, result } of report.runs) {
    print();
    print(paint('bold', printable(name)));
    print(render(groupTable(result)));
  }
  print();
}

function render({ columns, rows }: ReportTable): string {
  return renderTable(
    columns.map(({ title, isNumber }) => ({ title, ...(isNumber ? { align: 'right' as const } : {}) })),
    rows.map((row) => row.map((cell) => printable(cell))),
  );
}

function list(isJson: boolean): void {
  const scenarios = shippedScenarios();
  if (isJson) return printJson({ scenarios });
  print(
    renderTable(
      [{ title: 'scenario' }, { title: 'question' }],
      scenarios.map(({ name, question }) => [name, question]),
    ),
  );
}

/** A path where it looks like one or there is such a file; a shipped scenario otherwise. */
async function scenarioText(name: string): Promise<string> {
  const shipped = /^[a-z0-9-]{1,60}$/.test(name) ? shippedScenario(name) : undefined;
  if (shipped !== undefined) return shipped;
  const found = await stat(name).catch(() => undefined);
  if (found === undefined || !found.isFile())
    throw usageError(
      `There is no file and no scenario "${printable(name)}". Those that come along: ${shippedScenarios()
        .map((scenario) => scenario.name)
        .join(', ')}.`,
    );
  if (found.size > maximumFileBytes) throw usageError(`${printable(name)} is too large for a scenario.`);
  return readSmallFile(name, maximumFileBytes);
}

function wholeNumber(
  option: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw usageError(`${option} is a whole number from ${formatCount(least)} to ${formatCount(most)}.`);
  return value;
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw usageError(`${printable(path)} cannot be made a folder: ${(error as Error).message}.`);
  }
}

function note(flags: SimulateFlags, line: string): void {
  if (!flags.json) printAside(paintError('dim', line));
}
