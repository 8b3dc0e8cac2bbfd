import { drawDistinct, drawStream } from '@market-of-experts/protocol';
import type { ExamText, ExamTexts } from './exam-texts.ts';

/** One datum of a batch: entries are places of texts. */
export interface ExamDatum {
  readonly text: ExamText;
  /** Numbers that this datum has among all of the run. */
  readonly index: number;
  readonly own: readonly number[];
  /** All other pieces of the second list: of the batch's other texts and of the reserve. */
  readonly others: readonly number[];
}

export interface ExamBatch {
  readonly data: readonly ExamDatum[];
  /** Pieces of the reserve in the second list. */
  readonly reserve: readonly number[];
}

const batchTexts = 12;
const reserveTexts = 12;

/**
 * Batches of twelve texts of one kind and of different documents, as far as a kind has them, and twelve texts of reserve with a piece
 * each, of yet other documents where there are any. Each text is in one batch of each round.
 */
export function drawBatches({ data }: ExamTexts, rounds: number, seed: string): ExamBatch[] {
  const batches: ExamBatch[] = [];
  let index = 0;
  for (let round = 0; round < rounds; round += 1)
    for (const [kind, texts] of Map.groupBy(data, (text) => text.kind)) {
      const stream = drawStream(`${seed}/${round}`, kind);
      const waiting = [...drawDistinct(stream, texts.length, texts.length)].map((place) => texts[place]!);
      while (waiting.length > 0) {
        const batch = takeOfDifferentDocuments(waiting, batchTexts);
        // A text is told apart from others: the last ones of a kind wait for the next round.
        if (batch.length < 2) break;
        const documents = new Set(batch.map(({ documentId }) => documentId));
        const free = texts.filter(({ documentId }) => !documents.has(documentId));
        const pool = free.length >= reserveTexts ? free : texts.filter((text) => !batch.includes(text));
        const reserve = [...drawDistinct(stream, pool.length, reserveTexts)].map((place) => {
          const { documentId, pieces } = pool[place]!;
          return { documentId, piece: pieces[stream.below(pieces.length)]! };
        });
        batches.push({
          data: batch.map((text) => ({
            text,
            index: index++,
            own: text.pieces,
            others: [
              ...batch.filter((other) => other !== text).flatMap(({ pieces }) => pieces),
              ...reserve.filter(({ documentId }) => documentId !== text.documentId).map(({ piece }) => piece),
            ],
          })),
          reserve: reserve.map(({ piece }) => piece),
        });
      }
    }
  return batches;
}

function takeOfDifferentDocuments(waiting: ExamText[], count: number): ExamText[] {
  const taken: ExamText[] = [];
  for (let place = 0; place < waiting.length && taken.length < count; ) {
    const text = waiting[place]!;
    if (taken.some(({ documentId }) => documentId === text.documentId)) place += 1;
    else taken.push(...waiting.splice(place, 1));
  }
  return taken;
}
