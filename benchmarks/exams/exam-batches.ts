import {
  defaultExamParameters,
  drawDistinct,
  drawStream,
  examLists,
  wrongAnswers,
} from '@market-of-experts/protocol';
import type { ExamText } from './exam-texts.ts';

/** One datum of a batch. Entries are places in {@link Exams.texts}. */
export interface ExamDatum {
  readonly text: ExamText;
  /** Numbers that this datum has among all of the run. */
  readonly index: number;
  readonly kept: number;
  readonly own: readonly number[];
  /** Wrong answers: what in the second list is not its own, near-duplicates left out. */
  readonly others: readonly number[];
}

export interface ExamBatch {
  readonly data: readonly ExamDatum[];
  readonly first: readonly number[];
  readonly second: readonly number[];
}

export interface Exams {
  /** Every entry of the lists, each once. */
  readonly texts: readonly string[];
  readonly batches: readonly ExamBatch[];
}

const { batchTexts, reserveTexts } = defaultExamParameters;

/**
 * Exams by the protocol's own cuts and lists: batches of twelve texts of one kind and of different documents, as far as a kind has
 * them, with a reserve of other documents, of the same kind as far as there are any. Each text is in one batch of each round.
 */
export function drawExams(texts: readonly ExamText[], rounds: number, seed: string): Exams {
  const places = new Map<string, number>();
  const placeOf = (text: string): number => {
    const known = places.get(text) ?? places.size;
    places.set(text, known);
    return known;
  };
  const batches: ExamBatch[] = [];
  let index = 0;
  for (let round = 0; round < rounds; round += 1)
    for (const [kind, own] of Map.groupBy(texts, (text) => text.kind)) {
      const waiting = shuffled(own, `${seed}/${round}/${kind}`);
      while (waiting.length > 0) {
        const batch = takeOfDifferentDocuments(waiting);
        const draw = `${seed}/${round}/${kind}/${waiting.length}`;
        const documents = new Set(batch.map(({ documentId }) => documentId));
        const free = shuffled(texts, draw).filter(({ documentId }) => !documents.has(documentId));
        const reserve = [
          ...free.filter((text) => text.kind === kind),
          ...free.filter((text) => text.kind !== kind),
        ].slice(0, 2 * (batchTexts + reserveTexts));
        const lists = examLists(
          batch.map(({ whole }) => whole),
          reserve.map(({ whole }) => whole),
          draw,
          defaultExamParameters,
        );
        if (lists === undefined) continue;
        const wrong = wrongAnswers(lists);
        const [first, second] = [lists.first.map(placeOf), lists.second.map(placeOf)];
        batches.push({
          first,
          second,
          data: batch.map((text, datum) => ({
            text,
            index: index++,
            kept: first[lists.assignment[datum]!.first]!,
            own: lists.assignment[datum]!.second.map((entry) => second[entry]!),
            others: wrong[datum]!.map((entry) => second[entry]!),
          })),
        });
      }
    }
  return { texts: [...places.keys()], batches };
}

function shuffled<Item>(items: readonly Item[], seed: string): Item[] {
  return [...drawDistinct(drawStream(seed, 'order'), items.length, items.length)].map(
    (place) => items[place]!,
  );
}

function takeOfDifferentDocuments(waiting: ExamText[]): ExamText[] {
  const taken: ExamText[] = [];
  for (let place = 0; place < waiting.length && taken.length < batchTexts; ) {
    const text = waiting[place]!;
    if (taken.some(({ documentId }) => documentId === text.documentId)) place += 1;
    else taken.push(...waiting.splice(place, 1));
  }
  return taken;
}
