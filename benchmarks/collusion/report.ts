import { type CopyingRow, copierStake } from './copying.ts';
import type { CrowdingRow } from './crowding.ts';
import type { ErrorRow } from './errors.ts';
import type { GuaranteeRow } from './guarantees.ts';
import type { LiarRow, RingRow } from './lying-rows.ts';
import type { CollusionRow } from './rows.ts';

const percent = (share: number): string => (100 * share).toFixed(1);
const points = (gain: number): string => `${gain < 0 ? '−' : '+'}${Math.abs(100 * gain).toFixed(1)}`;

/** Strategies down, cabal stakes across; each cell the share and what is gained by not being honest. */
export function printRows(rows: readonly CollusionRow[]): void {
  for (const method of new Set(rows.map((row) => row.method))) {
    const own = rows.filter((row) => row.method === method);
    console.log(
      `\n${method}: cabal's share of emission in % (points above what honest weights bring it), by its share of stake`,
    );
    console.table(table(own, (row) => `${percent(row.cabalShare)} (${points(row.gain)})`));
  }
  const yuma = rows.filter(({ method, isYardstick }) => method === 'yuma' && !isYardstick);
  console.log('\nThe peer: plain stake-weighted mean of weights, dividends by stake');
  console.table(table(yuma, (row) => `${percent(row.meanShare)} (${points(row.meanGain)})`));
  console.log('\nyuma: dividends for each unit of stake, cabal / honest');
  console.table(
    table(
      rows.filter(({ method }) => method === 'yuma'),
      (row) => `${row.cabalDividends.toFixed(3)} / ${row.honestDividends.toFixed(3)}`,
    ),
  );
}

/** A gain below this, in points, is of no account. */
const countedGain = 0.002;

/** Stake from which a strategy brings more than honest weights in every seed; undefined where it never does. */
export function gainsFrom(
  rows: readonly CollusionRow[],
  gainOf = (row: CollusionRow): number => row.gainLow,
): number | undefined {
  const sorted = [...rows].sort((a, b) => a.cabalStake - b.cabalStake);
  const lastWithout = sorted.findLastIndex((row) => gainOf(row) <= countedGain);
  return sorted[lastWithout + 1]?.cabalStake;
}

/** From which stake on a strategy pays, by each method and by the peer; and what it brings with 45 and 49 %. */
export function printLosses(rows: readonly CollusionRow[]): void {
  const real = rows.filter(({ isYardstick, strategy }) => !isYardstick && strategy !== 'honest');
  const lines: Record<string, Record<string, string>> = {};
  const from = (stake: number | undefined): string => (stake === undefined ? 'never' : `${percent(stake)} %`);
  for (const row of real) {
    const own = real.filter(({ method, strategy }) => method === row.method && strategy === row.strategy);
    lines[row.strategy] = {
      ...lines[row.strategy],
      [row.method]: from(gainsFrom(own)),
      ...(row.method === 'yuma' ? { 'plain mean': from(gainsFrom(own, ({ meanGain }) => meanGain)) } : {}),
    };
  }
  console.log(
    '\nSmallest stake from which a strategy gains 0.2 points or more in every seed (of those that were tried for the method)',
  );
  console.table(lines);
}

/** What a median can clip depends on how well the honest measure. */
export function printErrors(rows: readonly ErrorRow[]): void {
  console.log('\nyuma: points gained by bending weights, by the error with which honest validators measure');
  const lines: Record<string, Record<string, string>> = {};
  for (const { strategy, cabalStake, noise, recordKept, gain } of rows) {
    const name = `${strategy}, ${percent(cabalStake)} %`;
    lines[name] = {
      ...lines[name],
      [`error ${percent(noise)} %${recordKept > 0 ? ', record' : ''}`]: points(gain),
    };
  }
  console.table(Object.fromEntries(Object.entries(lines).sort(([a], [b]) => (a < b ? -1 : 1))));
}

export function printCrowding(rows: readonly CrowdingRow[]): void {
  console.log(
    '\nPermits go to the validators with the most stake: what a cabal gets that is split just above honest validators of equal stake',
  );
  console.table(
    rows.map((row) => ({
      'honest validators': row.honestValidators,
      permits: row.permits,
      'cabal stake %': percent(row.cabalStake),
      'cabal validators': row.cabalValidators,
      'of permitted stake %': percent(row.permittedStake),
      'of emission %': percent(row.cabalShare),
    })),
  );
}

export function printCopying(rows: readonly CopyingRow[]): void {
  console.log(
    `\nWeight copiers with ${percent(copierStake)} % of the stake: their dividends for each unit of stake over those of honest validators`,
  );
  const titleOf = ({ method, recordKept }: CopyingRow): string =>
    recordKept === 0 ? method : `${method}, a record of which ${percent(recordKept)} % stay after an epoch`;
  for (const title of new Set(rows.map(titleOf))) {
    console.log(title);
    const lines: Record<string, Record<string, string>> = {};
    for (const row of rows.filter((one) => titleOf(one) === title)) {
      const delay = row.revealDelay === 0 ? 'open weights' : `revealed after ${row.revealDelay}`;
      const name = `error ${percent(row.noise)} %, ${delay}`;
      lines[name] = { ...lines[name], [`change ${percent(row.drift)} %`]: row.copierOverHonest.toFixed(3) };
    }
    console.table(lines);
  }
}

export function printLiar(rows: readonly LiarRow[]): void {
  console.log(
    '\nOne validator of four that swaps good and bad, three witnesses a job: what it is paid over what an honest one is, after 12 epochs',
  );
  console.table(
    rows.map((row) => ({
      'ranked by': row.fold,
      experts: row.experts,
      'jobs an epoch': row.jobsPerEpoch,
      games: row.games,
      'liar / honest': `${row.liarOverHonest.toFixed(3)} ± ${row.halfInterval.toFixed(3)}`,
      'paid no less than the mean': row.aboveMean,
      'than the least paid': row.aboveLeast,
    })),
  );
}

export function printRing(rows: readonly RingRow[]): void {
  console.log(
    '\nA ring whose experts are the worst of 20 falsifies jobs of which it has so many of three witnesses: its part of the experts’ incentive in %',
  );
  const lines: Record<string, Record<string, string>> = {};
  for (const { fold, ringStake, signsWith, ringIncentive, honestIncentive } of rows) {
    const name = `${percent(ringStake)} %, ${signsWith} of 3`;
    lines[name] = { ...lines[name], 'if honest': percent(honestIncentive), [fold]: percent(ringIncentive) };
  }
  console.table(lines);
}

export function printGuarantees(rows: readonly GuaranteeRow[]): void {
  for (const isStable of [true, false]) {
    console.log(
      isStable
        ? '\nStable tuples: honest share of emission'
        : '\nUnstable tuples (not counted): pass upstream only for its own seed',
    );
    console.table(
      rows
        .filter((row) => row.isStable === isStable)
        .map((row) => ({
          'honest stake': row.honestStake,
          'on honest': row.honestOnHonest,
          'cabal on cabal': row.cabalOnCabal,
          deviation: row.weightDeviation,
          β: (row.bondsPenaltyU16 / 65_535).toFixed(2),
          'honest share': row.honestShare.toFixed(4),
          lowest: row.lowest.toFixed(4),
          upstream: row.upstreamMean,
          holds: row.holds,
        })),
    );
  }
}

function table(
  rows: readonly CollusionRow[],
  shown: (row: CollusionRow) => string,
): Record<string, Record<string, string>> {
  const lines: Record<string, Record<string, string>> = {};
  for (const row of rows) {
    const name = row.isYardstick ? `[${row.strategy}]` : row.strategy;
    lines[name] = { ...lines[name], [`${Math.round(100 * row.cabalStake)} %`]: shown(row) };
  }
  return lines;
}
