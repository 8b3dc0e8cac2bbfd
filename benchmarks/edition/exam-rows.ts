import { drawDistinct, drawStream } from '@market-of-experts/protocol';
import { cutText } from '@market-of-experts/protocol/tasks/embedding/exam/cuts';
import { defaultExamParameters } from '@market-of-experts/protocol/tasks/embedding/exam/exam-parameters';
import {
  areNearDuplicates,
  shinglesOf,
} from '@market-of-experts/protocol/tasks/embedding/exam/near-duplicates';
import { type DatumProducts, productsOf } from '@market-of-experts/protocol/tasks/embedding/exam/products';
import type { ExamRow } from '@market-of-experts/protocol/tasks/embedding/mixture/exam-row';
import type { ExaminedText } from './edition-texts.ts';
import type { OwnSpaces } from './own-space.ts';

/** A text as it is examined: what is kept, its pieces, and pieces of other documents of its kind. */
export interface SimulatedExam {
  readonly text: ExaminedText;
  readonly kept: string;
  readonly own: readonly string[];
  readonly others: readonly string[];
}

const wrongAnswers = 32;
const clients = 24;

/** Every text is examined once a round, by the market's own cuts, among random ones of its kind. */
export function simulateExams(texts: readonly ExaminedText[], rounds: number, seed: string): SimulatedExam[] {
  return Array.from({ length: rounds }, (_, round) => examRound(texts, `${seed}/${round}`)).flat();
}

function examRound(texts: readonly ExaminedText[], seed: string): SimulatedExam[] {
  const cuts = texts.map(({ text }) => cutText(text, `${seed}/${text}`, 0, defaultExamParameters)!);
  const shingles = texts.map(({ text }) => shinglesOf(text));
  return texts.map((text, index) => {
    const stream = drawStream(`${seed}/${text.text}`, 'others');
    const others: string[] = [];
    const all = [...drawDistinct(stream, texts.length, texts.length)];
    // Of its kind as long as there are any of other documents.
    for (const other of [...all.filter((at) => texts[at]!.kind === text.kind), ...all]) {
      if (others.length >= wrongAnswers) break;
      if (
        texts[other]!.documentId !== text.documentId &&
        !areNearDuplicates(shingles[other]!, shingles[index]!)
      )
        others.push(...cuts[other]!.pieces);
    }
    const { kept, pieces } = cuts[index]!;
    return { text, kept, own: pieces, others };
  });
}

/** What the exams certify. Documents belong to 24 clients, who pay alike; a text lies where its kept part does. */
export function rowsOf(
  exams: readonly SimulatedExam[],
  { experts, sealedOf }: OwnSpaces,
  placeOf: (text: string) => number,
): ExamRow[] {
  const productsBy = (expert: string, { kept, own, others }: SimulatedExam): DatumProducts =>
    productsOf(
      sealedOf(expert, kept),
      own.map((piece) => sealedOf(expert, piece)),
      others.map((piece) => sealedOf(expert, piece)),
    );
  return exams.map((exam) => ({
    client: `client ${drawStream(exam.text.documentId, 'client').below(clients)}`,
    document: exam.text.documentId,
    place: placeOf(exam.kept),
    feeMicro: 1_000n,
    products: new Map(experts.map(({ name }) => [name, productsBy(name, exam)])),
  }));
}

export function examinedParts(exams: readonly SimulatedExam[]): readonly string[] {
  return [...new Set(exams.flatMap(({ kept, own, others }) => [kept, ...own, ...others]))];
}
