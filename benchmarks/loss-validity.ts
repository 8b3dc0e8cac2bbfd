/** Does the market's loss rank encoders by their usefulness, and does knowing the hidden half help? */
import { defaultParameters, meanDirection } from '@market-of-experts/protocol';
import { spearman } from '@market-of-experts/simulation';
import { type Encoder, openEncoders } from './scoring/encoders.ts';
import { type EvaluationSet, loadEvaluationSet } from './scoring/evaluation-set.ts';
import { optionOf } from './scoring/options.ts';
import { memberOf, panelLosses, panelsPerRun, quantiseEncoder } from './scoring/panel-loss.ts';
import { type PeekerOutcome, runPeekers } from './scoring/peeker.ts';
import { progressBar } from './scoring/progress.ts';

import { siblingRecall } from './scoring/recall.ts';

const barSpearman = 0.9;
const barDegenerate = 0.45;
const degenerate = ['random', 'constant', 'zero'];

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const paragraphs = Number(optionOf(args, '--paragraphs') ?? 1_100);
  const calibration = Number(optionOf(args, '--calibration') ?? 2_048);
  const repeats = Number(optionOf(args, '--repeats') ?? 2);
  const set = loadEvaluationSet(paragraphs, calibration);
  const encoders = await openEncoders({ set, dataDir: optionOf(args, '--data'), withVariants: true });
  const quantised = encoders.map(quantiseEncoder);
  const kinds = [...new Set(set.jobs.map(({ kind }) => kind))];
  const documents = new Set(set.jobs.map(({ documentId }) => documentId)).size;

  const tickRecall = progressBar('recall@10', encoders.length);
  const recalls = encoders.map((encoder) => {
    const recall = siblingRecall(set, encoder);
    tickRecall(1);
    return recall;
  });

  const founder = encoders.findIndex(({ name }) => name === 'minilm-l6');
  const peekerSeat = (job: EvaluationSet['jobs'][number]) => {
    const honest = memberOf(set, quantised[founder]!, job, false);
    return { ...honest, kept: meanDirection(honest.pieces) };
  };
  const score = (label: string, chosen: readonly number[], size: number, times: number) => {
    const tick = progressBar(label, panelsPerRun(set, chosen.length, size, times));
    const result = panelLosses({
      set,
      encoders: chosen.map((index) => quantised[index]!),
      parameters: defaultParameters,
      size,
      repeats: times,
      guest: { of: chosen.indexOf(founder), seat: peekerSeat },
      onProgress: tick,
    });
    return { ...result, chosen, spearman: spearmanOf(chosen, recalls, result.losses) };
  };
  const everyone = encoders.map((_, index) => index);
  const listed = everyone.filter((index) => ['catalogue', 'reference'].includes(encoders[index]!.group));
  const five = score('loss, shards of 5', everyone, 5, repeats);
  const three = score('loss, shards of 3', everyone, 3, repeats);
  const all = score('loss, one panel of all', everyone, everyone.length, 1);
  const fiveListed = score('loss, shards of 5, without variants', listed, 5, repeats);
  const peekers = runPeekers(set, encoders);

  const order = [...everyone].sort((a, b) => recalls[b]! - recalls[a]!);
  const rows = order.map((index) => ({
    encoder: encoders[index]!.name,
    what: encoders[index]!.note,
    'recall@10': round(recalls[index]!),
    loss: round(five.losses[index]!),
    outlier: round(five.outliers[index]!),
    'shards of 3': round(three.losses[index]!),
    'panel of all': round(all.losses[index]!),
    'listed only': listed.includes(index) ? round(fiveListed.losses[listed.indexOf(index)]!) : '',
  }));
  console.log(
    `${set.jobs.length} paragraphs of ${documents} documents and ${kinds.length} kinds (${kinds.join(', ')}); ` +
      `${set.calibration.length} calibration pieces. "loss": shards of 5 drawn from all ${encoders.length} encoders, ` +
      `${repeats} for each paragraph and encoder.`,
  );
  console.table(rows);
  console.log(
    `Spearman of recall@10 with the loss: ${signed(five.spearman)} in shards of 5, ${signed(three.spearman)} in shards of 3, ` +
      `${signed(all.spearman)} in one panel of all; ${signed(fiveListed.spearman)} over the ${listed.length} without variants.`,
  );
  printKinds(encoders, order, five.lossesByKind);
  printPeekers(five.losses[founder]!, five.guestLoss!, peekers);

  const bars = barsOf(encoders, recalls, five.losses, five.spearman, peekers);
  for (const { text, isMet } of bars) console.log(`${isMet ? 'met   ' : 'MISSED'}  ${text}`);
  return {
    spearman: five.spearman,
    encoders: order.map((index) => ({
      name: encoders[index]!.name,
      loss: five.losses[index]!,
      recallAt10: recalls[index]!,
    })),
    spearmanShardsOf3: three.spearman,
    spearmanOnePanel: all.spearman,
    spearmanWithoutVariants: fiveListed.spearman,
    paragraphs: set.jobs.length,
    documents,
    kinds,
    peeker: { lossIfItCouldPeek: five.guestLoss!, honestLoss: five.losses[founder]!, inTheProtocol: peekers },
    bars,
  };
}

/** Positive when a lower loss goes with a higher recall. */
function spearmanOf(
  chosen: readonly number[],
  recalls: readonly number[],
  losses: readonly number[],
): number {
  return -spearman(
    chosen.map((index) => recalls[index]!),
    losses,
  );
}

function printKinds(
  encoders: readonly Encoder[],
  order: readonly number[],
  lossesByKind: ReadonlyMap<string, readonly number[]>,
): void {
  console.log('Loss by kind of text, shards of 5:');
  console.table(
    Object.fromEntries(
      order.map((index) => [
        encoders[index]!.name,
        Object.fromEntries([...lossesByKind].map(([kind, losses]) => [kind, round(losses[index]!)])),
      ]),
    ),
  );
}

function printPeekers(honestLoss: number, peekingLoss: number, peekers: readonly PeekerOutcome[]): void {
  console.log(
    `Peeking: if minilm-l6 could answer with its own view of the hidden half, its loss would be ${round(peekingLoss)} ` +
      `instead of ${round(honestLoss)}. Run through the phases, where the kept half is sealed before the hidden half is sent:`,
  );
  console.table(peekers);
}

function barsOf(
  encoders: readonly Encoder[],
  recalls: readonly number[],
  losses: readonly number[],
  correlation: number,
  peekers: readonly PeekerOutcome[],
): { text: string; isMet: boolean }[] {
  const indexOfBest = (values: readonly number[], sign: 1 | -1): number =>
    values.reduce((best, value, index) => (sign * value > sign * values[best]! ? index : best), 0);
  const useful = encoders[indexOfBest(recalls, 1)]!.name;
  const lowest = encoders[indexOfBest(losses, -1)]!.name;
  const lies = peekers.find(({ behaviour }) => behaviour !== 'honest')!;
  return [
    {
      text: `Spearman ${signed(correlation)} over ${encoders.length} encoders, at least ${barSpearman}`,
      isMet: correlation >= barSpearman,
    },
    ...degenerate.map((name) => {
      const loss = losses[encoders.findIndex((encoder) => encoder.name === name)]!;
      return { text: `${name} ${round(loss)}, at least ${barDegenerate}`, isMet: loss >= barDegenerate };
    }),
    { text: `best by recall ${useful}, lowest loss ${lowest}`, isMet: useful === lowest },
    {
      text: `the peeker won ${lies.won} of ${lies.jobs} jobs`,
      isMet: lies.won === 0,
    },
  ];
}

const round = (value: number): number => Number(value.toFixed(3));
const signed = (value: number): string => value.toFixed(3);
