/**
 * What colluding brings: a market in which an honest majority measures experts with errors while their quality changes,
 * and a cabal that weighs by one of many strategies. The ranking is the market's own; who plays is simulated.
 *
 * `npm run bench -- collusion [--json] [--quick] [--seeds N] [--svg FILE.svg]`.
 */
import { writeFileSync } from 'node:fs';
import { collusionChart } from './collusion/chart.ts';
import { copyingCells, copyingRows } from './collusion/copying.ts';
import { crowdingRows } from './collusion/crowding.ts';
import { errorGames, errorRows } from './collusion/errors.ts';
import { guaranteeRows } from './collusion/guarantees.ts';
import { liarRows, ringRows } from './collusion/lying-rows.ts';
import { methods } from './collusion/rank.ts';
import {
  printCopying,
  printCrowding,
  printErrors,
  printGuarantees,
  printLiar,
  printLosses,
  printRing,
  printRows,
} from './collusion/report.ts';
import { collusionRows, playedOf, type Setting } from './collusion/rows.ts';
import { optionOf } from './scoring/options.ts';
import { progressBar } from './scoring/progress.ts';

const allStakes = [0.05, 0.1, 0.2, 0.3, 0.4, 0.45, 0.49, 0.5, 0.55, 0.6];
const fewStakes = [0.1, 0.3, 0.45, 0.49];
const guaranteeSeeds = 10;

export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const isQuick = args.includes('--quick');
  const seeds = Number(optionOf(args, '--seeds')) || (isQuick ? 1 : 3);
  const svg = optionOf(args, '--svg');
  const length = { seeds, warmUpEpochs: 20, attackEpochs: isQuick ? 20 : 40 };
  const settings: Setting[] = methods.map((method) => ({
    method,
    cabalStakes: isQuick ? [0.1, 0.3, 0.49] : method === 'yuma' ? allStakes : fewStakes,
  }));
  const copiedBy = isQuick ? methods.slice(0, 1) : methods;
  const games = seeds * (playedOf(settings).length + copyingCells(copiedBy).length + errorGames);

  const tuples = guaranteeRows(guaranteeSeeds, () => {});
  const tick = progressBar('games', games);
  const rows = collusionRows(settings, length, () => tick(1));
  const copying = copyingRows(copiedBy, length, () => tick(1));
  const errors = errorRows(length, () => tick(1));
  const crowding = crowdingRows();
  const liar = liarRows(isQuick ? 10 : 60);
  const ring = ringRows(isQuick ? 1 : 2);
  const stable = tuples.filter(({ isStable }) => isStable);
  const tuplesHeld = stable.filter(({ holds }) => holds).length;
  if (svg !== undefined) writeFileSync(svg, collusionChart(rows));
  if (!json) {
    console.log(
      `100 models and 20 validators; ${length.warmUpEpochs} honest epochs, then ${length.attackEpochs} of the attack; ${seeds} seeds.`,
    );
    printRows(rows);
    printLosses(rows);
    printErrors(errors);
    printCopying(copying);
    printCrowding(crowding);
    printLiar(liar);
    printRing(ring);
    printGuarantees(tuples);
    console.log(`\n${tuplesHeld} of ${stable.length} stable tuples hold in each of ${guaranteeSeeds} seeds.`);
  }
  return {
    tuplesHeld,
    tuplesTotal: stable.length,
    rows,
    errors,
    copying,
    crowding,
    liar,
    ring,
    tuples,
    seeds,
  };
}
