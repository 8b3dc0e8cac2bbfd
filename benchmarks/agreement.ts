/** Does the loss of an exam rank experts as users would who ask this or that of their vectors? */
import { codeQuestion } from './agreement/code.ts';
import { manQuestion } from './agreement/man-pages.ts';
import { paragraphQuestions } from './agreement/paragraphs.ts';
import type { LabelledQuestion } from './agreement/question.ts';
import { readmeQuestion } from './agreement/readmes.ts';
import { reciprocalRanks } from './agreement/retrieval.ts';
import { translationQuestion } from './agreement/translations.ts';
import { agreementOf, type Interval } from './scoring/by-document.ts';
import { batchesOfNearest, isOfKind } from './scoring/exam-batches.ts';
import { casesOf, examLosses } from './scoring/exam-losses.ts';
import { textsToEmbed } from './scoring/exam-set.ts';
import { likenessTurns } from './scoring/likeness.ts';
import { optionOf } from './scoring/options.ts';
import { progressBar } from './scoring/progress.ts';
import { openSpaces, type Space } from './scoring/spaces.ts';

const barSpearman = 0.8;
const leastExperts = 14;

export async function run({ args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const count = Number(optionOf(args, '--texts') ?? 200);
  const manual = manQuestion(optionOf(args, '--man') ?? '/usr/share/man/man1', count);
  const questions = [
    ...paragraphQuestions(2 * count),
    readmeQuestion(),
    codeQuestion(count),
    translationQuestion(Math.ceil(count / 5), 2 * count),
    ...(manual === undefined ? [] : [manual]),
  ];
  if (manual === undefined) console.log('No manual pages are installed here: that question is left out.');
  const opened = await openSpaces([...new Set(questions.flatMap(textsOf))]);
  const turns = likenessTurns(opened);
  const spaces = opened.filter(({ group }) => group !== 'degenerate');
  const tick = progressBar('questions', questions.length * spaces.length);
  const results = questions.map((question) => {
    const cases = casesOf(batchesOfNearest(question.exam, turns, isOfKind));
    const losses = spaces.map((space) => examLosses(cases, space));
    const ranks = spaces.map((space) => {
      tick(1);
      return reciprocalRanks(question, space);
    });
    const agreement = agreementOf(
      { documents: cases.map(({ batch }) => batch.text.documentId), ofEncoder: losses },
      { documents: question.queries.map(({ documentId }) => documentId), ofEncoder: ranks },
    );
    return { question, losses, ranks, agreement, texts: cases.length };
  });
  printExperts(spaces, results);
  const rows = results.map(({ question, agreement: { value, low, high } }) => ({
    question: question.question,
    spearman: value,
    low,
    high,
  }));
  console.table(
    results.map(({ question, agreement, texts }) => ({
      question: question.question,
      Spearman: round(agreement.value),
      from: round(agreement.low),
      to: round(agreement.high),
      queries: question.queries.length,
      among: question.candidates.length,
      examined: texts,
    })),
  );
  const bars = [
    { text: `${spaces.length} experts, at least ${leastExperts}`, isMet: spaces.length >= leastExperts },
    ...rows.map(({ question, spearman }) => ({
      text: `${question}: Spearman ${spearman.toFixed(3)}, at least ${barSpearman}`,
      isMet: spearman >= barSpearman,
    })),
  ];
  for (const { text, isMet } of bars) console.log(`${isMet ? 'met   ' : 'MISSED'}  ${text}`);
  return { rows, experts: spaces.length, bars };
}

/** Everything that has to be embedded for a question. */
function textsOf({ queries, candidates, exam }: LabelledQuestion): string[] {
  return [...queries.map(({ text }) => text), ...candidates, ...textsToEmbed(exam)];
}

interface QuestionResult {
  readonly question: LabelledQuestion;
  readonly losses: readonly (readonly number[])[];
  readonly ranks: readonly (readonly number[])[];
  readonly agreement: Interval;
}

function printExperts(spaces: readonly Space[], results: readonly QuestionResult[]): void {
  console.log('Loss / mean reciprocal rank of the first right answer:');
  console.table(
    Object.fromEntries(
      spaces.map(({ name }, index) => [
        name,
        Object.fromEntries(
          results.map(({ question, losses, ranks }) => [
            question.question,
            `${mean(losses[index]!).toFixed(3)} / ${mean(ranks[index]!).toFixed(3)}`,
          ]),
        ),
      ]),
    ),
  );
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const round = (value: number): number => Number(value.toFixed(3));
