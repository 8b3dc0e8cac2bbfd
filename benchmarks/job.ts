/**
 * Overhead of an exam in one process: every message, seal, signature and score, but free encoders. Of one text, which the reserve fills up,
 * and of twelve clients' texts together.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setSignatureMemo } from '@market-of-experts/core';
import { memoryGuard, openEmbeddedGuard, type SigningGuard } from '@market-of-experts/ledger/guard';
import { defaultParameters, embeddedParameters, type MarketParameters } from '@market-of-experts/protocol';
import { fixedMarket } from '@market-of-experts/testing/fixed-market';
import { textAbout } from '@market-of-experts/testing/text-about';

interface Measured {
  /** Of one text, sorted. */
  readonly timesMs: readonly number[];
  /** Texts that a member encodes for one that was ordered. */
  readonly encodesPerText: number;
  /** Between coordinator, experts and validators, for one text. */
  readonly wireBytesPerText: number;
  /** Of the whole process (all threads), after the warm-up. Says more than times on a busy machine. */
  readonly cpuMsPerText: number;
}

async function measure(
  parameters: MarketParameters,
  texts: number,
  jobs: number,
  guard: SigningGuard,
): Promise<Measured> {
  const market = fixedMarket({ parameters, experts: 12, validators: parameters.witnesses, guard });
  const timesMs: number[] = [];
  let encodes = 0;
  let wireBytes = 0;
  const { transport } = market.coordinator;
  const request = transport.request.bind(transport);
  transport.request = async (to, protocol, bytes, options) => {
    const answer = await request(to, protocol, bytes, options);
    wireBytes += bytes.length + answer.length;
    return answer;
  };
  const warmUp = Math.min(100, Math.floor(jobs / 5));
  let cpuBefore = process.cpuUsage();
  for (let job = 0; job < jobs; job += 1) {
    if (job === warmUp) cpuBefore = process.cpuUsage();
    const start = performance.now();
    const { certificate, transcript } =
      texts === 1
        ? await market.runJob({ text: textAbout(job) })
        : await market.runBatch(
            Object.fromEntries(
              Array.from({ length: texts }, (_, text) => [
                `client-${job}-${text}`,
                textAbout(100 * job + text),
              ]),
            ),
          );
    timesMs.push((performance.now() - start) / texts);
    const { question } = transcript;
    encodes += (question.first.length + question.second.length) / texts;
    if (certificate.body.members.some(({ outcome }) => outcome !== 'scored' && outcome !== 'outlier'))
      throw new Error('A job of the benchmark was not scored.');
  }
  const cpu = process.cpuUsage(cpuBefore);
  await market.close();
  return {
    timesMs: timesMs.slice(warmUp).sort((a, b) => a - b),
    encodesPerText: encodes / jobs,
    wireBytesPerText: wireBytes / jobs / texts,
    cpuMsPerText: (cpu.user + cpu.system) / 1_000 / (jobs - warmUp) / texts,
  };
}

const rowInits = [
  {
    name: '12 texts, 3 members, 1 witness (embedded)',
    parameters: embeddedParameters,
    texts: 12,
    isShared: true,
  },
  {
    name: '12 texts, the same, guard on disk',
    parameters: embeddedParameters,
    texts: 12,
    isShared: true,
    isDurable: true,
  },
  { name: '1 text, 3 members, 1 witness', parameters: embeddedParameters, texts: 1, isShared: true },
  { name: '12 texts, 3 members, own checks', parameters: embeddedParameters, texts: 12, isShared: false },
  {
    name: '12 texts, 5 members, 3 witnesses (network)',
    parameters: defaultParameters,
    texts: 12,
    isShared: true,
  },
] as const;

export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const jobs = Number(args[args.indexOf('--jobs') + 1] || 200) || 200;
  // `--rows 1` measures the embedded default only, e.g. under a profiler.
  const rowCount = Number(args[args.indexOf('--rows') + 1]) || rowInits.length;
  const rows = [];
  const folder = mkdtempSync(join(tmpdir(), 'moe-bench-guard-'));
  for (const { name, parameters, texts, isShared, ...row } of rowInits.slice(0, rowCount)) {
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
    const measured = await measure(parameters, texts, jobs, guard);
    const { timesMs } = measured;
    await guard.close();
    const total = timesMs.reduce((sum, time) => sum + time, 0);
    const at = (share: number): number => timesMs[Math.floor(share * (timesMs.length - 1))]!;
    rows.push({
      name,
      p50Ms: Number(at(0.5).toFixed(3)),
      p99Ms: Number(at(0.99).toFixed(3)),
      cpuMsPerText: Number(measured.cpuMsPerText.toFixed(3)),
      encodesPerText: Number(measured.encodesPerText.toFixed(2)),
      wireBytesPerText: Math.round(measured.wireBytesPerText),
      textsPerSecond: Math.round((1_000 * timesMs.length) / total),
    });
  }
  setSignatureMemo(true);
  rmSync(folder, { recursive: true, force: true });
  const { p50Ms, p99Ms, encodesPerText, textsPerSecond } = rows[0]!;
  const [load] = loadavg();
  if (!json) {
    console.log(
      `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, load average ${load!.toFixed(1)}`,
    );
    console.table(rows);
    console.log(
      'One exam at a time, all roles in one process. They share what they know of signatures: one that was made or\n' +
        'checked here is not checked again. "Guard on disk": as a market runs, with one synced write before the first seal.\n' +
        '"Own checks": every role checks every signature itself, as on machines\n' +
        'of their own; the CPU time is then that of all of them together.',
    );
    console.log(
      `\nat most 2 ms a text in process: ${p50Ms <= 2 ? 'met' : 'MISSED'}; at most 4.5 encodes a text and member: ${encodesPerText <= 4.5 ? 'met' : 'MISSED'}`,
    );
  }
  return { p50Ms, p99Ms, encodesPerText, textsPerSecond, load, rows };
}
