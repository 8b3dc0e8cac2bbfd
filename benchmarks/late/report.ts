import type { AfterCutRow } from './after-cut.ts';
import type { Cell } from './cells.ts';
import { defaults } from './cells.ts';
import type { DeadLineRow } from './dead-line.ts';
import type { Figures } from './figures.ts';
import type { CellRow } from './run-cells.ts';
import type { SkewRow } from './skew.ts';

export interface LateRow extends Figures {
  readonly name: string;
  readonly network: string;
  readonly whom: CellRow['whom'];
  readonly shardSize: number;
  readonly quorumBps: number;
  readonly cutGraceMs: number;
}

export function rowsOf(cells: readonly Cell[], found: ReadonlyMap<string, readonly CellRow[]>): LateRow[] {
  return cells.flatMap(({ name, init }) =>
    found.get(name)!.map(({ whom, figures }) => ({
      name,
      network: init.network,
      whom,
      shardSize: init.parameters?.shardSize ?? defaults.shardSize,
      quorumBps: init.parameters?.quorumBps ?? defaults.quorumBps,
      cutGraceMs: init.parameters?.cutGraceMs ?? defaults.cutGraceMs,
      ...figures,
    })),
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** A share with its 95 % interval. */
const between = (share: number, low: number, high: number): string =>
  `${percent(share)} (${(100 * low).toFixed(2)}–${(100 * high).toFixed(2)})`;

function setting(row: Pick<LateRow, 'quorumBps' | 'shardSize' | 'cutGraceMs'>): string {
  return `${row.quorumBps / 100} % of ${row.shardSize}, ${row.cutGraceMs} ms`;
}

function shown(row: LateRow) {
  return {
    'late, sealed': percent(row.lateSealedShare),
    'late, full': percent(row.lateFullShare),
    late: between(row.lateShare, row.lateLow, row.lateHigh),
    'late/income': between(row.lateCostShare, row.lateCostLow, row.lateCostHigh),
    'no reveal': between(row.noRevealShare, row.noRevealLow, row.noRevealHigh),
    declined: percent(row.declinedShare),
    missed: percent(row.missedShare),
    'no reveal/income': percent(row.noRevealCostShare),
    'µ lost/1,000': row.lateCostMicroPer1000 + row.noRevealCostMicroPer1000,
    'p50 ms': row.p50Ms,
    'p99 ms': row.p99Ms,
    refunds: percent(row.refundShare),
  };
}

export function printSweep(rows: readonly LateRow[]): void {
  for (const network of new Set(rows.map((row) => row.network))) {
    console.log(`\n${network}: honest experts, no fault`);
    const table = Object.fromEntries(
      rows.filter((row) => row.network === network).map((row) => [setting(row), shown(row)]),
    );
    console.table(table);
  }
}

export function printCircumstances(rows: readonly LateRow[]): void {
  console.log(`\nAt the defaults (${setting(defaults)}) unless the name says otherwise`);
  const nameOf = ({ name, whom }: LateRow): string => (whom === 'all' ? name : `${name} (${whom})`);
  console.table(
    Object.fromEntries(
      rows.map((row) => [
        nameOf(row),
        { ...shown(row), 'slashed, asked late': percent(row.slashedAskedLateShare) },
      ]),
    ),
  );
}

export function printSkew(rows: readonly SkewRow[]): void {
  console.log('\nWrong clocks: outcomes of 3 jobs, everything else in order');
  console.table(
    rows.map(({ whose, skewSeconds, outcomes, slashedMicro }) => ({
      whose,
      seconds: skewSeconds,
      outcomes: Object.entries(outcomes)
        .map(([outcome, times]) => `${outcome} ${times}`)
        .join(', '),
      'micro-credits lost': slashedMicro,
    })),
  );
}

export function printAfterCut(rows: readonly AfterCutRow[]): void {
  console.log(
    `\nAn answer in good order, but after the quorum; the cut is made ${defaults.cutGraceMs} ms after it`,
  );
  console.table(rows);
}

export function printDeadLine(rows: readonly DeadLineRow[]): void {
  console.log('\nAn expert whose line is dead for a while: it has computed in time');
  console.table(rows);
}
