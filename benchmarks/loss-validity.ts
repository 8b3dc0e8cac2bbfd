/** Does the loss of an exam rank encoders by their usefulness, and what does it give to answers that understand nothing? */
import { spearman } from '@market-of-experts/simulation';
import { agreementOf, type Interval } from './scoring/by-document.ts';
import {
  batchesOfNearest,
  batchesOfQueue,
  type ExamBatch,
  isOfKind,
  type Likeness,
} from './scoring/exam-batches.ts';
import { casesOf, type ExamCase, examLosses, shallowExamLosses } from './scoring/exam-losses.ts';
import { type ExamSet, loadExamSet, textsToEmbed } from './scoring/exam-set.ts';
import { likenessTurns } from './scoring/likeness.ts';
import { optionOf } from './scoring/options.ts';
import { progressBar } from './scoring/progress.ts';
import { siblingRecalls } from './scoring/recall.ts';
import { moreFeatures, sixteenFeatures } from './scoring/shallow-features.ts';
import { openSpaces, type Space } from './scoring/spaces.ts';

const barSpearman = 0.93;
const chance = { least: 0.47, most: 0.53 };
const barShallow = 0.42;
const barShallowWithinKind = 0.47;

type Forming = 'nearest of a kind' | 'to minilm-l6' | 'nearest of all' | 'queue of 90' | 'queue of 27';

/**
 * How batches are formed; experts of the catalogue take turns in saying what is near, but for the second. Bars are held to the
 * nearest within a kind, as a full queue would give them.
 */
const formings: Readonly<Record<Forming, (set: ExamSet, turns: readonly Likeness[]) => ExamBatch[]>> = {
  'nearest of a kind': (set, turns) => batchesOfNearest(set, turns, isOfKind),
  'to minilm-l6': (set, [founder]) => batchesOfNearest(set, [founder!], isOfKind),
  'nearest of all': (set, turns) => batchesOfNearest(set, turns, () => true),
  'queue of 90': (set, turns) => batchesOfQueue(set, turns, 90, 'loss-validity'),
  'queue of 27': (set, turns) => batchesOfQueue(set, turns, 27, 'loss-validity'),
};
const names = Object.keys(formings) as Forming[];

interface FormingResult {
  readonly cases: readonly ExamCase[];
  /** Of each encoder, one a text. */
  readonly losses: readonly (readonly number[])[];
  readonly spearman: Interval;
  readonly shallow: { readonly sixteen: number; readonly more: number; readonly byKind: Map<string, number> };
  readonly encodes: number;
}

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const set = loadExamSet(Number(optionOf(args, '--paragraphs') ?? 1_100));
  const spaces = await openSpaces(textsToEmbed(set));
  const documents = set.texts.map(({ documentId }) => documentId);
  const tick = progressBar('recall@10', spaces.length);
  const recalls = spaces.map(({ vectorOf }) => {
    const recall = siblingRecalls(
      set.texts.map(({ documentId, text }) => ({ documentId, vector: vectorOf(text) })),
    );
    tick(1);
    return recall;
  });
  const turns = likenessTurns(spaces);
  const tickForming = progressBar('exams', names.length * spaces.length);
  const formed = new Map(
    names.map((name): [Forming, FormingResult] => {
      const cases = casesOf(formings[name](set, turns));
      const losses = spaces.map((space) => {
        const each = examLosses(cases, space);
        tickForming(1);
        return each;
      });
      const shallow = shallowExamLosses(cases, sixteenFeatures);
      return [
        name,
        {
          cases,
          losses,
          spearman: agreementOf(
            { documents: cases.map(({ batch }) => batch.text.documentId), ofEncoder: losses },
            { documents, ofEncoder: recalls },
          ),
          shallow: {
            sixteen: mean(shallow),
            more: mean(shallowExamLosses(cases, moreFeatures)),
            byKind: meansBy(cases, shallow),
          },
          encodes: mean(cases.map(({ batch }) => batch.encodes)),
        },
      ];
    }),
  );
  const main = formed.get('nearest of a kind')!;
  const rows = spaces
    .map((space, index) => ({
      space,
      recall: mean(recalls[index]!),
      loss: mean(main.losses[index]!),
      others: names.slice(1).map((name) => mean(formed.get(name)!.losses[index]!)),
    }))
    .sort((a, b) => b.recall - a.recall);
  print(set, rows, formed);

  const real = rows.filter(({ space }) => space.group !== 'degenerate');
  const withoutDegenerate = -spearman(
    real.map(({ recall }) => recall),
    real.map(({ loss }) => loss),
  );
  const bars = barsOf(rows, main, formed.get('nearest of all')!);
  console.log(`Without the ${rows.length - real.length} degenerate: Spearman ${shown(withoutDegenerate)}.`);
  for (const { text, isMet } of bars) console.log(`${isMet ? 'met   ' : 'MISSED'}  ${text}`);
  return {
    spearman: main.spearman.value,
    spearmanInterval: [main.spearman.low, main.spearman.high],
    spearmanWithoutDegenerate: withoutDegenerate,
    encoders: rows.map(({ space, recall, loss }) => ({ name: space.name, loss, recallAt10: recall })),
    shallow: formed.get('nearest of all')!.shallow.sixteen,
    shallowWithinKind: main.shallow.sixteen,
    formings: Object.fromEntries(
      [...formed].map(([name, { spearman: interval, shallow, encodes }]) => [
        name,
        {
          spearman: interval,
          shallow: shallow.sixteen,
          shallowWithMore: shallow.more,
          encodesPerText: encodes,
        },
      ]),
    ),
    paragraphs: set.texts.length,
    documents: new Set(documents).size,
    bars,
  };
}

interface Row {
  readonly space: Space;
  readonly recall: number;
  readonly loss: number;
  /** With batches formed in the other ways. */
  readonly others: readonly number[];
}

function print(set: ExamSet, rows: readonly Row[], formed: ReadonlyMap<Forming, FormingResult>): void {
  const kinds = [...new Set(set.texts.map(({ kind }) => kind))];
  console.log(
    `${set.texts.length} paragraphs of ${new Set(set.texts.map(({ documentId }) => documentId)).size} documents and ` +
      `${kinds.length} kinds (${kinds.join(', ')}), ${set.reserve.length} reserve texts; every encoder in its own space.`,
  );
  console.table(
    rows.map(({ space, recall, loss, others }) => ({
      encoder: space.name,
      what: space.note,
      'recall@10': round(recall),
      [names[0]!]: round(loss),
      ...Object.fromEntries(others.map((other, index) => [names[index + 1]!, round(other)])),
    })),
  );
  console.log('How batches are formed:');
  console.table(
    Object.fromEntries(
      [...formed].map(([name, { cases, spearman: interval, shallow, encodes }]) => [
        name,
        {
          Spearman: shownInterval(interval),
          'shallow, 16 features': round(shallow.sixteen),
          'shallow, 21': round(shallow.more),
          'wrong answers': round(mean(cases.map(({ others }) => others.length))),
          'encodes a text': round(encodes),
        },
      ]),
    ),
  );
  console.log('The shallow predictor with 16 features by kind of text and by question:');
  console.table(
    Object.fromEntries(
      [...formed].map(([name, { shallow }]) => [
        name,
        Object.fromEntries([...shallow.byKind].map(([kind, loss]) => [kind, round(loss)])),
      ]),
    ),
  );
}

function barsOf(
  rows: readonly Row[],
  main: FormingResult,
  ofAll: FormingResult,
): { text: string; isMet: boolean }[] {
  const best = rows[0]!;
  const lowest = rows.reduce((least, row) => (row.loss < least.loss ? row : least));
  return [
    {
      text: `Spearman ${shownInterval(main.spearman)} over ${rows.length} encoders and mixtures, at least ${barSpearman}`,
      isMet: main.spearman.value >= barSpearman && rows.length >= 20,
    },
    ...rows
      .filter(({ space }) => space.group === 'degenerate')
      .map(({ space, loss }) => ({
        text: `${space.name} ${shown(loss)}, between ${chance.least} and ${chance.most}`,
        isMet: loss >= chance.least && loss <= chance.most,
      })),
    {
      text: `shallow predictor ${shown(ofAll.shallow.sixteen)} (21 features ${shown(ofAll.shallow.more)}), at least ${barShallow}`,
      isMet: ofAll.shallow.sixteen >= barShallow,
    },
    {
      text: `within a kind ${shown(main.shallow.sixteen)} (21 features ${shown(main.shallow.more)}), at least ${barShallowWithinKind}`,
      isMet: main.shallow.sixteen >= barShallowWithinKind,
    },
    {
      text: `best by recall ${best.space.name}, lowest loss ${lowest.space.name}`,
      isMet: best === lowest,
    },
  ];
}

/** Means by kind of text, then by question. */
function meansBy(cases: readonly ExamCase[], losses: readonly number[]): Map<string, number> {
  const groups = new Map<string, number[]>();
  const add = (name: string, loss: number): void =>
    void groups.set(name, [...(groups.get(name) ?? []), loss]);
  for (const [index, { batch }] of cases.entries()) add(batch.text.kind, losses[index]!);
  for (const [index, { batch }] of cases.entries()) add(`(${batch.text.cut.question})`, losses[index]!);
  return new Map([...groups].map(([name, values]) => [name, mean(values)]));
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const round = (value: number): number => Number(value.toFixed(3));
const shown = (value: number): string => value.toFixed(3);
const shownInterval = ({ value, low, high }: Interval): string =>
  `${shown(value)} [${shown(low)}, ${shown(high)}]`;
