/** Plays the steps, then counts what happened to the honest. */
import type { NodeId } from '@market-of-experts/core';
import { crookedExpert } from './crooked-expert.ts';
import { crookedGateway } from './crooked-job.ts';
import { type Move, menu } from './moves.ts';
import { openWorld, type World } from './world.ts';

export interface AdversaryResult {
  readonly steps: number;
  readonly seed: number;
  /** Slashes of honest nodes, by evidence or by a certificate. */
  readonly honestSlashed: number;
  readonly lostMicro: number;
  readonly inventedMicro: number;
  /** Whether an honest job is settled once the adversary rests. */
  readonly settledAfter: boolean;
  readonly settlements: number;
  readonly jobsDone: number;
  readonly jobsFailed: number;
  readonly problems: readonly string[];
  readonly moves: ReadonlyMap<string, { played: number; failed: number }>;
}

const inFlight = 6;
const restartEvery = 500;
/** Virtual: longer than any stage of a job. */
const restMs = 120_000;
/** Virtual: as long as an order may last, and clocks differ. */
const forgottenMs = 15 * 60_000;
const settleAgainMs = 30_000;

export async function runAdversary(init: {
  readonly steps: number;
  readonly seed: number;
  readonly onStep?: (done: number) => void;
}): Promise<AdversaryResult> {
  const world = await openWorld(init.seed);
  const { market, uniform, clock } = world;
  const { ledger } = market;
  const problems: string[] = [];
  let settlements = 0;
  ledger.onApplied(({ transaction }) => {
    if (transaction.kind !== 'settle') return;
    settlements += 1;
    for (const { node, amountMicro } of transaction.settlement.slashes)
      if (world.honest.has(node) && amountMicro > 0n)
        world.framed.push(`settlement ${transaction.settlement.batch} took ${amountMicro} from ${node}`);
  });
  const supplyMicro = ledger.totalMicro();
  const moves = menu(world, crookedGateway(world), crookedExpert(world));
  const tallies = new Map(moves.map(({ name }) => [name, { played: 0, failed: 0 }]));
  const running = new Set<Promise<void>>();
  const start = ({ name, play }: Move): void => {
    const tally = tallies.get(name)!;
    tally.played += 1;
    const task: Promise<void> = Promise.resolve()
      .then(play)
      .then(
        () => undefined,
        () => {
          tally.failed += 1;
        },
      )
      .finally(() => running.delete(task));
    running.add(task);
  };
  try {
    for (let step = 0; step < init.steps; step += 1) {
      if (running.size >= inFlight) await Promise.race(running);
      start(pick(moves, uniform));
      if (step % restartEvery === restartEvery - 1) {
        await Promise.all(running);
        await restart(world);
      }
      init.onStep?.(1);
    }
    await Promise.all(running);
    const settledAfter = await settles(world, problems);
    await clock.sleep(restMs);
    const totalMicro = ledger.totalMicro() + ledger.settings().burntMicro;
    const lostMicro = Number(supplyMicro > totalMicro ? supplyMicro - totalMicro : 0n);
    const inventedMicro = Number(totalMicro > supplyMicro ? totalMicro - supplyMicro : 0n);
    if (lostMicro > 0) problems.push(`${lostMicro} micro-credits are missing`);
    if (inventedMicro > 0) problems.push(`${inventedMicro} micro-credits are new`);
    problems.push(...world.framed);
    const honest = tallies.get('honest job')!;
    return {
      steps: init.steps,
      seed: init.seed,
      honestSlashed: world.framed.length,
      lostMicro,
      inventedMicro,
      settledAfter,
      settlements,
      jobsDone: honest.played - honest.failed,
      jobsFailed: honest.failed,
      problems,
      moves: tallies,
    };
  } finally {
    await market.coordinator.close().catch(() => undefined);
    await market.close();
  }
}

function pick(moves: readonly Move[], uniform: () => number): Move {
  let left = uniform() * moves.reduce((sum, { weight }) => sum + weight, 0);
  for (const move of moves) {
    left -= move.weight;
    if (left < 0) return move;
  }
  return moves[0]!;
}

/** A node dies between two jobs and comes back; now and then the whole machine does, from an older copy of its directory. */
async function restart({ market, uniform, honest, machine, clock }: World): Promise<void> {
  const indices = (nodes: readonly NodeId[]) =>
    [...nodes.keys()].filter((index) => honest.has(nodes[index]!));
  const experts = indices(market.experts);
  const validators = indices(market.validators);
  const one = (values: readonly number[]): number => values[Math.floor(uniform() * values.length)]!;
  const how = uniform();
  if (how < 0.4) return market.restartExpert(one(experts));
  if (how < 0.8) return market.restartValidator(one(validators));
  if (how < 0.9) return machine.copy();
  machine.restore();
  for (const index of experts) await market.restartExpert(index);
  for (const index of validators) await market.restartValidator(index);
  // Until then it leaves all jobs alone that could have begun before.
  await clock.sleep(forgottenMs);
}

/** Whether a job of an honest client is done and settled now. */
async function settles({ market, clock }: World, problems: string[]): Promise<boolean> {
  try {
    await market.coordinator.close();
    // Jobs that came to nothing when their experts were at work are void when their time is over.
    for (let waitedMs = 0; waitedMs < forgottenMs; waitedMs += settleAgainMs) {
      await market.settler.flush();
      if (market.settler.pending() === 0) return true;
      await clock.sleep(settleAgainMs);
    }
    problems.push(`${market.settler.pending()} orders are not settled: ${market.warnings.at(-1) ?? ''}`);
  } catch (error) {
    problems.push(`the market does not settle: ${error instanceof Error ? error.message : String(error)}`);
  }
  return false;
}
