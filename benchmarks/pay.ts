/** Who earns the fees: the useful experts, or whoever is lucky? */
import { defaultParameters, type MarketParameters } from '@market-of-experts/protocol';
import { type Encoder, openEncoders } from './scoring/encoders.ts';
import { type EvaluationSet, loadEvaluationSet } from './scoring/evaluation-set.ts';
import { optionOf } from './scoring/options.ts';
import { type PayRun, type PayTally, runPay } from './scoring/pay-run.ts';
import { progressBar } from './scoring/progress.ts';
import { isClearlyMoreUseful, siblingRecall } from './scoring/recall.ts';

const junk = ['random', 'constant'];
const historyWeights = [0, 2, 4, 8];
/** Most of all fees that the junk may earn, by shard size. */
const barJunk: Readonly<Record<number, number>> = { 5: 0.02, 3: 0.1 };

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const jobs = Number(optionOf(args, '--jobs') ?? 300);
  const seeds = Number(optionOf(args, '--seeds') ?? 5);
  const set = loadEvaluationSet(1_100, Number(optionOf(args, '--calibration') ?? 2_048));
  const encoders = (await openEncoders({ set, dataDir: undefined, withVariants: false })).filter(
    ({ name, group }) => group === 'catalogue' || junk.includes(name),
  );
  const recalls = encoders.map((encoder) => siblingRecall(set, encoder));
  const tick = progressBar('markets', 4 * seeds);
  const measure = (shardSize: number, newcomers: readonly string[]): PayRun[] =>
    Array.from({ length: seeds }, (_, seed) => {
      const parameters: MarketParameters = {
        ...defaultParameters,
        shardSize,
        witnesses: 1,
        ticketValidators: 1,
      };
      const result = runPay({
        set,
        encoders,
        parameters,
        jobs,
        seed: `pay/${shardSize}/${seed}`,
        historyWeights,
        junk,
        newcomers,
      });
      tick(1);
      return result;
    });
  const shards = [5, 3].map((n) => {
    const founders = measure(n, []);
    const probation = measure(n, junk);
    return report(n, jobs, set, encoders, recalls, founders, probation);
  });
  return { shards };
}

function report(
  n: number,
  jobs: number,
  set: EvaluationSet,
  encoders: readonly Encoder[],
  recalls: readonly number[],
  founders: readonly PayRun[],
  probation: readonly PayRun[],
) {
  const order = encoders.map((_, index) => index).sort((a, b) => recalls[b]! - recalls[a]!);
  const own = defaultParameters.historyWeight;
  const shares = encoders.map((_, index) =>
    founders.map((run) => feeShareOf(run.byHistoryWeight.get(own)!, index)),
  );
  console.log(
    `Shards of ${n}: ${founders.length} markets of ${jobs} jobs, ${encoders.length} experts of equal stake, none on probation.`,
  );
  console.table(
    order.map((index) => ({
      expert: encoders[index]!.name,
      'recall@10': round(recalls[index]!),
      ...Object.fromEntries(
        historyWeights.map((weight) => [`won, k₀ ${weight}`, round(winShareOf(founders, weight, index))]),
      ),
      'fees, k₀ 4': round(mean(shares[index]!)),
      'lowest–highest': `${percent(Math.min(...shares[index]!))}–${percent(Math.max(...shares[index]!))}`,
    })),
  );
  const junkShares = junkSharesOf(founders);
  const probationShares = junkSharesOf(probation);
  const at = (job: number): string =>
    percent(mean(founders.map((run) => run.junkShareAfter[Math.min(job, jobs) - 1]!)));
  console.log(
    `Random and constant together: ${percent(mean(junkShares))} of all fees after ${jobs} jobs ` +
      `(${junkShares.map(percent).join(', ')}); after 50 jobs ${at(50)}, 100 ${at(100)}, 200 ${at(200)}. ` +
      `If both begin on probation: ${percent(mean(probationShares))}.`,
  );
  console.log(
    `By k₀: ${historyWeights.map((weight) => `${weight}: ${percent(mean(junkSharesOf(founders, encoders, weight)))}`).join(', ')}. ` +
      `Jobs without a winner: ${founders.reduce((sum, run) => sum + run.unpaidJobs, 0)} of ${founders.length * jobs}.`,
  );
  const top = order.slice(0, 3);
  const topShares = top.map((index) => mean(shares[index]!));
  const inversions = top.flatMap((better, place) =>
    top
      .slice(place + 1)
      .filter((_, next) => topShares[place + 1 + next]! > topShares[place]!)
      .map((other) => ({ better: encoders[better]!, other: encoders[other]! })),
  );
  const notes = inversions.map(({ better, other }) => {
    const isClear = isClearlyMoreUseful(set, better, other);
    return `; ${other.name} earns more than ${better.name}, whose recall is ${isClear ? 'clearly higher' : 'higher by less than two standard errors'}`;
  });
  const bars = [
    {
      text: `random and constant earn ${percent(mean(junkShares))}, at most ${percent(barJunk[n]!)}`,
      isMet: mean(junkShares) <= barJunk[n]!,
    },
    {
      text: `top three by usefulness earn ${top.map((index, place) => `${encoders[index]!.name} ${percent(topShares[place]!)}`).join(', ')}${notes.join('')}`,
      isMet: inversions.length === 0,
    },
  ];
  for (const { text, isMet } of bars) console.log(`${isMet ? 'met   ' : 'MISSED'}  ${text}`);
  return {
    n,
    rows: order.map((index) => ({
      name: encoders[index]!.name,
      winShare: winShareOf(founders, own, index),
      feeShare: mean(shares[index]!),
      recallAt10: recalls[index]!,
    })),
    junkFeeShare: mean(junkShares),
    junkFeeShareBySeed: junkShares,
    junkFeeShareWithProbation: mean(probationShares),
    bars,
  };

  function junkSharesOf(runs: readonly PayRun[], all: readonly Encoder[] = encoders, weight = own): number[] {
    return runs.map((run) =>
      all.reduce(
        (sum, { name }, index) =>
          junk.includes(name) ? sum + feeShareOf(run.byHistoryWeight.get(weight)!, index) : sum,
        0,
      ),
    );
  }
}

function feeShareOf(tallies: readonly PayTally[], index: number): number {
  return tallies[index]!.feeMicro / tallies.reduce((sum, { feeMicro }) => sum + feeMicro, 0);
}

/** Share of its paid participations that an expert won, over all runs. */
function winShareOf(runs: readonly PayRun[], weight: number, index: number): number {
  const rows = runs.map((run) => run.byHistoryWeight.get(weight)![index]!);
  return rows.reduce((sum, { won }) => sum + won, 0) / rows.reduce((sum, row) => sum + row.jobs, 0);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const round = (value: number): number => Number(value.toFixed(3));
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
