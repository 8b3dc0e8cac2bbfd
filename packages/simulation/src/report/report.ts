import type { RunResult } from '../metrics/result.ts';
import type { ScenarioRun } from '../scenario/read-scenario.ts';

/** Everything that a scenario's runs gave: the content of the JSON file, the same bytes for the same scenario. */
export interface Report {
  readonly name: string;
  readonly question: string;
  readonly seed: number;
  readonly runs: readonly {
    readonly name: string;
    readonly scenario: ScenarioRun['scenario'];
    readonly result: RunResult;
  }[];
}

export function makeReport(
  runs: readonly { readonly run: ScenarioRun; readonly result: RunResult }[],
): Report {
  const { name, question, seed } = runs[0]!.run.scenario;
  return {
    name,
    question,
    seed,
    runs: runs.map(({ run, result }) => ({ name: run.name, scenario: run.scenario, result })),
  };
}

export function reportJson(report: Report): string {
  return `${JSON.stringify(report)}\n`;
}
