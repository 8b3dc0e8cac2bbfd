import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Amount } from '@market-of-experts/core';
import {
  type KillableProcess,
  startKillable,
} from '@market-of-experts/testing/ledger-crash/killable-process';
import { auditMarket, type Told } from './audit.ts';

export interface MarketCrashReport {
  readonly kills: number;
  /** Kills before the market had opened. */
  readonly killsWhileOpening: number;
  readonly answers: number;
  readonly settledOrders: number;
  /** Kills that left decided orders for the next process. */
  readonly killsWithPending: number;
  readonly lostMicro: Amount;
  readonly inventedMicro: Amount;
  readonly problems: readonly string[];
  /** All that any of the processes had told. */
  readonly told: Told;
}

/** Longest time that a busy market lives after its first answer, and that one lives that is to die while it opens. */
const MAX_LIFE_MS = 400;
const MAX_OPENING_MS = 100;
/** Where a kill falls, in turn: so that every run has some of each, however fast the machine is. */
const moments = ['opening', 'first answer', 'settled', 'any'] as const;
type Moment = (typeof moments)[number];

export interface MarketCrashInit {
  /** At most. */
  readonly kills: number;
  /** After this time only `leastKills` are made sure of, some of them while it opened and some that left decided orders. */
  readonly budgetMs: number;
  readonly leastKills: number;
}

/**
 * Starts a whole market in `dataDir`, keeps it busy, sends it SIGKILL while it opens, at its first answer, once something is settled, or at
 * any moment, audits what it left, and begins again in the same directory.
 */
export async function runMarketCrashes(
  dataDir: string,
  { kills: mostKills, budgetMs, leastKills }: MarketCrashInit,
): Promise<MarketCrashReport> {
  const begunMs = performance.now();
  let kills = 0;
  const answered: Told['answered'][number][] = [];
  const settled: string[] = [];
  const problems: string[] = [];
  let killsWhileOpening = 0;
  let killsWithPending = 0;
  let settledOrders = 0;
  let lostMicro = 0n;
  let inventedMicro = 0n;
  let next = startMarket(dataDir);
  try {
    const isEnough = (): boolean => kills >= leastKills && killsWhileOpening > 0 && killsWithPending > 0;
    while (kills < mostKills && (!isEnough() || performance.now() - begunMs < budgetMs)) {
      const process = await next;
      // The next process loads its code while this one works.
      next = startMarket(dataDir);
      const lines = await workAndDie(process, moments[kills % moments.length]!);
      kills += 1;
      if (!lines.includes('opened')) killsWhileOpening += 1;
      const told = readTold(lines);
      answered.push(...told.answered);
      settled.push(...told.settled);
      const audit = await auditMarket(dataDir, told);
      lostMicro += audit.lostMicro;
      inventedMicro += audit.inventedMicro;
      problems.push(...audit.problems.map((problem) => `After kill ${kills}: ${problem}`));
      if (audit.pendingOrders > 0) killsWithPending += 1;
      settledOrders = audit.settledOrders;
    }
  } finally {
    await (await next).kill();
  }
  return {
    kills,
    killsWhileOpening,
    answers: answered.length,
    settledOrders,
    killsWithPending,
    lostMicro,
    inventedMicro,
    problems,
    told: { answered, settled },
  };
}

function startMarket(dataDir: string): Promise<KillableProcess> {
  return startKillable({
    program: new URL('./market-process.ts', import.meta.url),
    argument: dataDir,
    compileCache: join(dataDir, '..', 'compile-cache'),
    isPromise: (line) => line.startsWith('answered'),
  });
}

async function workAndDie(process: KillableProcess, moment: Moment): Promise<readonly string[]> {
  process.begin();
  if (moment === 'opening') await delay(Math.random() * MAX_OPENING_MS);
  else await process.firstPromise;
  if (moment === 'settled') await process.untilLine((line) => line.startsWith('settled'));
  // Mostly short lives, some that see tallies closed.
  if (moment === 'any') await delay(Math.random() ** 2 * MAX_LIFE_MS);
  await process.kill();
  if (process.errors() !== '') throw new Error(`The market process complained: ${process.errors()}`);
  return process.lines;
}

function readTold(lines: readonly string[]): Told {
  const words = lines.map((line) => line.split(' '));
  return {
    answered: words
      .filter(([kind]) => kind === 'answered')
      .map(([, mode, id, fee]) => ({ mode: mode!, id: id!, feeMicro: BigInt(fee!) })),
    settled: words.filter(([kind]) => kind === 'settled').map(([, id]) => id!),
  };
}
