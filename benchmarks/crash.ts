/** `npm run bench -- crash [--kills 1000]`: SIGKILL at random moments, in one data directory; counts every credit. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCrashCycles } from '@market-of-experts/testing/ledger-crash/crash-cycles';
import { progressBar } from './scoring/progress.ts';

export async function run(options: {
  readonly json: boolean;
  readonly args: readonly string[];
}): Promise<{ kills: number; lostMicro: number; inventedMicro: number }> {
  const { values } = parseArgs({
    args: [...options.args],
    options: { kills: { type: 'string', default: '1000' } },
  });
  const kills = Number(values.kills);
  if (!Number.isInteger(kills) || kills < 1)
    throw new Error('--kills takes a whole number above 0, for example --kills 1000.');
  const root = join(import.meta.dirname, '..', '.bench');
  mkdirSync(root, { recursive: true });
  const directory = mkdtempSync(join(root, 'crash-'));
  const tick = progressBar('kills', kills);
  try {
    const report = await runCrashCycles({
      directory,
      kills,
      onKill: () => tick(1),
    });
    console.log(`kills at random moments                        ${report.kills}`);
    console.log(`transfers acknowledged before the kills        ${report.acknowledgedTransfers}`);
    console.log(`orders settled                                 ${report.settledOrders}`);
    console.log(`kills between a settlement and its marking     ${report.settledUnmarkedKills}`);
    console.log(`entries in the log, hash chain verified        ${report.height}`);
    console.log(`lost, micro-credits                            ${report.lostMicro}`);
    console.log(`invented, micro-credits                        ${report.inventedMicro}`);
    for (const problem of report.problems) console.log(`PROBLEM: ${problem}`);
    if (report.problems.length > 0) process.exitCode = 1;
    return { kills, lostMicro: Number(report.lostMicro), inventedMicro: Number(report.inventedMicro) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
