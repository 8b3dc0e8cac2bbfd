import type { RunResult } from '../metrics/result.ts';
import type { Report } from './report.ts';

export interface ReportTable {
  readonly columns: readonly { readonly title: string; readonly isNumber: boolean }[];
  readonly rows: readonly (readonly string[])[];
}

const columns = (first: string, ...numbers: readonly string[]): ReportTable['columns'] => [
  { title: first, isNumber: false },
  ...numbers.map((title) => ({ title, isNumber: true })),
];

/** One line for each run: how good the network was, and how it was divided. */
export function runTable({ runs }: Report): ReportTable {
  return {
    columns: columns(
      'run',
      'jobs',
      'random',
      'single',
      'winner',
      'delivered',
      'oracle',
      'headroom',
      'called',
      'refunded',
      'Gini',
    ),
    rows: runs.map(({ name, result }) => [
      name,
      count(result.jobs),
      loss(result.quality.random),
      loss(result.quality.bestSingle),
      loss(result.quality.winner),
      loss(result.quality.delivered),
      loss(result.quality.oracle),
      percent(result.quality.headroomShare),
      percent(result.called),
      count(result.refunded),
      result.gini.toFixed(2),
    ]),
  };
}

/** One line for each group of experts: what it did and earned, in credits. */
export function groupTable({ groups }: RunResult): ReportTable {
  return {
    columns: columns(
      'group',
      'experts',
      'seats',
      'wins',
      'calls',
      'called',
      'late',
      'own',
      'as principal',
      'as friend',
      'slashed',
      'cost',
      'net/expert',
      'net/100 staked',
      'ask',
    ),
    rows: groups.map((group) => [
      group.name,
      count(group.experts),
      count(group.seats),
      count(group.wins),
      count(group.calls),
      count(group.called),
      count(group.late),
      credits(group.earnedOwn),
      credits(group.earnedAsPrincipal),
      credits(group.earnedAsFriend),
      credits(group.slashed),
      credits(group.cost),
      credits(group.netPerExpert),
      credits(group.netPerStake),
      percent(group.askBps / 10_000),
    ]),
  };
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
function loss(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}
function percent(value: number | null): string {
  return value === null ? '–' : `${(100 * value).toFixed(0)} %`;
}
/** Four digits that count. */
function credits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 1 : size >= 1 ? 2 : 4);
}
