import { type CopyingRow, copierStake } from './copying.ts';
import type { GuaranteeRow } from './guarantees.ts';
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

/** Where the honest lose though they have the majority. */
export function printLosses(rows: readonly CollusionRow[]): void {
  const lost = rows
    .filter(({ cabalStake, gainLow, isYardstick }) => cabalStake < 0.5 && gainLow > 0 && !isYardstick)
    .sort((a, b) => b.gain - a.gain);
  console.log(
    '\nWhere a cabal with less than half of the stake gains in every seed, in points of all emission',
  );
  console.table(
    lost.slice(0, 24).map((row) => ({
      method: row.method,
      strategy: row.strategy,
      'stake %': percent(row.cabalStake),
      'share %': percent(row.cabalShare),
      gain: `${points(row.gain)} (${points(row.gainLow)} to ${points(row.gainHigh)})`,
      'plain mean': points(row.meanGain),
    })),
  );
}

export function printCopying(rows: readonly CopyingRow[]): void {
  console.log(
    `\nWeight copiers with ${percent(copierStake)} % of the stake: their dividends for each unit of stake over those of honest validators`,
  );
  for (const method of new Set(rows.map((row) => row.method))) {
    const own = rows.filter((row) => row.method === method);
    const lines: Record<string, Record<string, string>> = {};
    for (const { noise, revealDelay, drift, copierOverHonest } of own) {
      const name = `${method}, error ${percent(noise)} %, ${revealDelay === 0 ? 'open weights' : `revealed after ${revealDelay}`}`;
      lines[name] = { ...lines[name], [`change ${percent(drift)} %`]: copierOverHonest.toFixed(3) };
    }
    console.table(lines);
  }
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
