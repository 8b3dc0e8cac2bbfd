import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Amount } from '@market-of-experts/core';
import { type Acknowledged, type Audit, auditDirectory } from './audit.ts';
import { type KillableProcess, startKillable } from './killable-process.ts';

export interface CrashReport {
  readonly kills: number;
  readonly acknowledgedTransfers: number;
  readonly settledOrders: number;
  /** Kills that fell between a settlement and the marking of its receipts. */
  readonly settledUnmarkedKills: number;
  readonly lostMicro: Amount;
  readonly inventedMicro: Amount;
  readonly problems: readonly string[];
  readonly height: number;
}

/** Longest time that a process works before it is killed; every so many is killed while it opens. */
const MAX_LIFE_MS = 80;
const OPENING_EVERY = 5;

/**
 * Starts a process that transfers and settles in `directory`, sends it SIGKILL at a random moment (also while
 * it opens the ledger), audits what it left, and begins again in the same directory, `kills` times. In the
 * end everything is folded once more from the first entry.
 */
export async function runCrashCycles(options: {
  readonly directory: string;
  /** At most. */
  readonly kills: number;
  /** After this time only `leastKills` are made sure of; default: it takes as long as it takes. */
  readonly budgetMs?: number;
  readonly leastKills?: number;
  readonly onKill?: (done: number, height: number) => void;
}): Promise<CrashReport> {
  const { directory, kills: mostKills, budgetMs = Number.POSITIVE_INFINITY, leastKills = 1 } = options;
  const begunMs = performance.now();
  let kills = 0;
  let acknowledgedTransfers = 0;
  let settledUnmarkedKills = 0;
  let settledBelow = 0;
  let receiptsBelow = 0;
  const audits: Audit[] = [];
  let next = startWorker(directory);
  try {
    while (kills < mostKills && (kills < leastKills || performance.now() - begunMs < budgetMs)) {
      const worker = await next;
      // The next process loads its code while this one works.
      next = startWorker(directory);
      const acknowledged = await workAndDie(worker, kills % OPENING_EVERY === 0);
      acknowledgedTransfers += acknowledged.transfers.length;
      settledBelow = Math.max(settledBelow, acknowledged.settledBelow);
      receiptsBelow = Math.max(receiptsBelow, acknowledged.receiptsBelow);
      const expected = { transfers: acknowledged.transfers, settledBelow, receiptsBelow };
      const audit = await auditDirectory(directory, expected, { fromGenesis: false });
      audits.push(audit);
      if (audit.settledUnmarked > 0) settledUnmarkedKills += 1;
      kills += 1;
      options.onKill?.(kills, audit.height);
    }
  } finally {
    await (await next).kill();
  }
  const expected = { transfers: [], settledBelow, receiptsBelow };
  const last = await auditDirectory(directory, expected, { fromGenesis: true });
  audits.push(last);
  return {
    kills,
    acknowledgedTransfers,
    settledOrders: settledBelow,
    settledUnmarkedKills,
    lostMicro: audits.reduce((sum, { lostMicro }) => sum + lostMicro, 0n),
    inventedMicro: audits.reduce((sum, { inventedMicro }) => sum + inventedMicro, 0n),
    problems: audits.flatMap(({ problems }) => problems),
    height: last.height,
  };
}

function startWorker(directory: string): Promise<KillableProcess> {
  return startKillable({
    program: new URL('./worker.ts', import.meta.url),
    argument: directory,
    compileCache: join(directory, 'compile-cache'),
    // However slow the machine is, a transfer is acknowledged before the time to die is drawn.
    isPromise: (line) => line.startsWith('transfer '),
  });
}

async function workAndDie(worker: KillableProcess, isOpening: boolean): Promise<Acknowledged> {
  worker.begin();
  if (!isOpening) await worker.firstPromise;
  await delay(Math.random() * MAX_LIFE_MS);
  await worker.kill();
  if (worker.errors() !== '') throw new Error(`The crash worker failed by itself: ${worker.errors()}`);
  const transfers: Acknowledged['transfers'][number][] = [];
  let receiptsBelow = 0;
  let settledBelow = 0;
  for (const line of worker.lines) {
    const [kind, ...numbers] = line.split(' ');
    const [a = 0, b = 0, c = 0] = numbers.map(Number);
    if (kind === 'transfer') transfers.push({ index: a, trader: b, nonce: c });
    else if (kind === 'receipt') receiptsBelow = a + 1;
    else if (kind === 'settled') settledBelow = a;
  }
  return { transfers, receiptsBelow, settledBelow };
}
