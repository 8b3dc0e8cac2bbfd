/**
 * Honest roles and an adversary who plays at random from a menu of everything that can be sent: replays, changes, floods,
 * false jobs, settlements and claims, restarts from older directories. At the end nobody honest may have lost stake, no credit
 * may be missing or new, and the market must settle.
 *
 * `npm run bench -- adversary [--json] [--steps 100000] [--seed 1]`
 */
import { runAdversary } from './adversary/run-adversary.ts';
import { optionOf } from './scoring/options.ts';
import { progressBar } from './scoring/progress.ts';

export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const steps = Number(optionOf(args, '--steps') ?? 100_000);
  const seed = Number(optionOf(args, '--seed') ?? 1);
  if (!Number.isInteger(steps) || steps < 1 || !Number.isInteger(seed))
    throw new Error('--steps and --seed take whole numbers, for example --steps 1000 --seed 7.');
  const found = await runAdversary({ steps, seed, onStep: progressBar('steps', steps) });
  const { moves, problems, ...result } = found;
  if (!json) {
    for (const [name, { played, failed }] of moves)
      console.log(
        `${name.padEnd(40)} ${String(played).padStart(7)} played, ${String(failed).padStart(7)} refused`,
      );
    console.log(
      `jobs of honest clients                   ${String(result.jobsDone).padStart(7)} done, ${result.jobsFailed} not`,
    );
    console.log(JSON.stringify(result));
  }
  for (const problem of problems.slice(0, 20)) console.error(`PROBLEM: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
  return result;
}
