/** Overhead of a full shard job in one process: every message, seal, signature and score, but free encoders. */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setSignatureMemo } from '@market-of-experts/core';
import { memoryGuard, openEmbeddedGuard, type SigningGuard } from '@market-of-experts/ledger/guard';
import { defaultParameters, embeddedParameters, type MarketParameters } from '@market-of-experts/protocol';
import { fixedMarket } from '@market-of-experts/testing/fixed-market';

const words =
  'the market draws a few experts for every text and asks them to answer what the hidden half was before they saw it so that the best of them is found by an objective loss and paid for the work that it did while the others learn where they are weak';

interface Measured {
  /** Sorted. */
  readonly timesMs: readonly number[];
  /** Of the whole process (all threads), jobs after the warm-up. Says more than times on a busy machine. */
  readonly cpuMsPerJob: number;
}

async function measure(parameters: MarketParameters, jobs: number, guard: SigningGuard): Promise<Measured> {
  const market = fixedMarket({ parameters, experts: 12, validators: parameters.witnesses, guard });
  const timesMs: number[] = [];
  const warmUp = Math.min(100, Math.floor(jobs / 5));
  let cpuBefore = process.cpuUsage();
  for (let job = 0; job < jobs; job += 1) {
    if (job === warmUp) cpuBefore = process.cpuUsage();
    const start = performance.now();
    const { certificate } = await market.runJob({ text: words });
    timesMs.push(performance.now() - start);
    if (certificate.body.members.some(({ outcome }) => outcome !== 'scored' && outcome !== 'outlier'))
      throw new Error('A job of the benchmark was not scored.');
  }
  const cpu = process.cpuUsage(cpuBefore);
  await market.close();
  return {
    timesMs: timesMs.slice(warmUp).sort((a, b) => a - b),
    cpuMsPerJob: (cpu.user + cpu.system) / 1_000 / (jobs - warmUp),
  };
}

const rowInits = [
  { name: '3 members, 1 witness (embedded)', parameters: embeddedParameters, isShared: true },
  {
    name: '3 members, 1 witness, guard on disk',
    parameters: embeddedParameters,
    isShared: true,
    isDurable: true,
  },
  { name: '3 members, 1 witness, own checks', parameters: embeddedParameters, isShared: false },
  { name: '5 members, 3 witnesses (network)', parameters: defaultParameters, isShared: true },
  { name: '5 members, 3 witnesses, own checks', parameters: defaultParameters, isShared: false },
] as const;

export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const jobs = Number(args[args.indexOf('--jobs') + 1] || 1_000) || 1_000;
  // `--rows 1` measures the embedded default only, e.g. under a profiler.
  const rowCount = Number(args[args.indexOf('--rows') + 1]) || rowInits.length;
  const rows = [];
  const folder = mkdtempSync(join(tmpdir(), 'moe-bench-guard-'));
  for (const { name, parameters, isShared, ...row } of rowInits.slice(0, rowCount)) {
    setSignatureMemo(isShared);
    const guard =
      'isDurable' in row
        ? await openEmbeddedGuard({
            directory: join(folder, 'guard'),
            anchorDirectory: join(folder, 'anchor'),
            nowMs: Date.now,
            longestMs: 0,
            acceptsOlderCopy: false,
          })
        : memoryGuard(Date.now);
    const { timesMs, cpuMsPerJob } = await measure(parameters, jobs, guard);
    await guard.close();
    const total = timesMs.reduce((sum, time) => sum + time, 0);
    const at = (share: number): number => timesMs[Math.floor(share * (timesMs.length - 1))]!;
    rows.push({
      name,
      p50Ms: Number(at(0.5).toFixed(3)),
      p99Ms: Number(at(0.99).toFixed(3)),
      cpuMsPerJob: Number(cpuMsPerJob.toFixed(3)),
      jobsPerSecond: Math.round((1_000 * timesMs.length) / total),
    });
  }
  setSignatureMemo(true);
  rmSync(folder, { recursive: true, force: true });
  const { p50Ms, p99Ms, jobsPerSecond } = rows[0]!;
  const [load] = loadavg();
  if (!json) {
    console.log(
      `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, load average ${load!.toFixed(1)}`,
    );
    console.table(rows);
    console.log(
      'One job at a time, all roles in one process. They share what they know of signatures: one that was made or\n' +
        'checked here is not checked again. "Guard on disk": as a market runs, with one synced write before the first seal.\n' +
        '"Own checks": every role checks every signature itself, as on machines\n' +
        'of their own; the CPU time is then that of all of them together.',
    );
    console.log(`\nat most 5 ms in process: ${p50Ms <= 5 ? 'met' : 'MISSED'}`);
  }
  return { p50Ms, p99Ms, jobsPerSecond, load, rows };
}
