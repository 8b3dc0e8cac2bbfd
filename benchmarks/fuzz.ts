/**
 * `npm run bench -- fuzz [--cases 1000000] [--seed 1] [--only NAME] [--processes 2]`: every decoder reads damaged and hostile
 * input. A crash is whatever is thrown that is no `MoeError`; a hang a case that does not end in a minute.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Batch, playBatches } from './fuzz/play-batches.ts';
import { allTargets } from './fuzz/targets/all.ts';
import { progressBar } from './scoring/progress.ts';

const batchCases = 500;
const hangMs = 60_000;
const shownFindings = 10;

interface Result {
  readonly cases: number;
  readonly crashes: number;
  readonly hangs: number;
  readonly nonCanonicalAccepted: number;
  readonly maxRssMb: number;
}

export async function run(options: {
  readonly json: boolean;
  readonly args: readonly string[];
}): Promise<Result> {
  const { values } = parseArgs({
    args: [...options.args],
    options: {
      cases: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      processes: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    },
  });
  const wanted = wholeNumber('--cases', values.cases, 1);
  const seed = wholeNumber('--seed', values.seed, 0);
  const batches = batchesOf(wanted, seed, values.only);
  const cases = batches.reduce((sum, batch) => sum + batch.cases, 0);
  const begunMs = performance.now();
  const progress = progressBar('fuzz', cases);
  const outcome = await playBatches(batches, {
    processes: wholeNumber('--processes', values.processes, 1),
    hangMs,
    onPlayed: (batch) => progress(batch.cases),
  });
  const result: Result = {
    cases,
    crashes:
      outcome.findings.filter(({ kind }) => kind === 'crash').length +
      outcome.lost.filter(({ why }) => why === 'exit').length,
    hangs: outcome.lost.filter(({ why }) => why === 'hang').length,
    nonCanonicalAccepted: outcome.findings.filter(({ kind }) => kind === 'non-canonical').length,
    maxRssMb: outcome.maxRssMb,
  };
  const targets = new Set(batches.map(({ target }) => target)).size;
  console.log(`decoders                                   ${targets}`);
  console.log(`cases, seed ${String(seed).padEnd(31)}${cases}`);
  console.log(`crashes                                    ${result.crashes}`);
  console.log(`hangs                                      ${result.hangs}`);
  console.log(`taken although not in canonical form       ${result.nonCanonicalAccepted}`);
  console.log(`most memory of a process, MB               ${result.maxRssMb}`);
  console.log(
    `duration, s                                ${Math.round((performance.now() - begunMs) / 1_000)}`,
  );
  for (const lost of outcome.lost) console.log(`LOST (${lost.why}): ${lost.target}, seed ${lost.seed}`);
  const shown = new Map(outcome.findings.map((finding) => [`${finding.target} ${finding.why}`, finding]));
  for (const { kind, target, seed: at, input, why } of [...shown.values()].slice(0, shownFindings))
    console.log(`FOUND (${kind}): ${target}, seed ${at}\n  ${why}\n  ${input.slice(0, 400)}`);
  if (result.crashes + result.hangs + result.nonCanonicalAccepted > 0) process.exitCode = 1;
  return result;
}

/** Every decoder in turn, by its weight; seeds follow from the one given. */
function batchesOf(cases: number, seed: number, only: string): Batch[] {
  const { targets, close } = allTargets();
  close();
  const chosen = targets.filter(({ name }) => name.includes(only));
  if (chosen.length === 0)
    throw new Error(
      `No decoder is called "${only}". There are: ${targets.map(({ name }) => name).join(', ')}.`,
    );
  const total = chosen.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return chosen.flatMap(({ name, weight = 1 }, index) => {
    const share = Math.max(1, Math.round((cases * weight) / total));
    return Array.from({ length: Math.ceil(share / batchCases) }, (_, batch) => ({
      target: name,
      seed: (seed * 1_000_003 + index * 10_007 + batch) >>> 0,
      cases: Math.min(batchCases, share - batch * batchCases),
    }));
  });
}

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least)
    throw new Error(`${option} takes a whole number from ${least} on, for example ${option} 1000.`);
  return number;
}
