import { defaultExamParameters, drawDistinct, drawStream } from '@market-of-experts/protocol';
import type { ExamSet, ExamText } from './exam-set.ts';

/** What one text of the set is told apart from. */
export interface ExamBatch {
  readonly text: ExamText;
  /** Other texts of the batch and those of the reserve that fill it up: all of their pieces are in the second list. */
  readonly mates: readonly ExamText[];
  /** Further texts of the reserve, one piece of each. */
  readonly further: readonly ExamText[];
  /** Entries of both lists for each client's text of the batch: what a member embeds for it. */
  readonly encodes: number;
}

/** How alike two whole texts are to one expert. Experts take turns: nobody is examined on his own neighbours only. */
export type Likeness = (left: ExamText, right: ExamText) => number;

const { batchTexts, reserveTexts } = defaultExamParameters;

/** Every text in a batch of its nearest in the set, as if all were waiting; `isMate` says which may be. */
export function batchesOfNearest(
  { texts, reserve }: ExamSet,
  turns: readonly Likeness[],
  isMate: (text: ExamText, other: ExamText) => boolean,
): ExamBatch[] {
  return texts.map((text, index) => {
    const likeness = turns[index % turns.length]!;
    const mates = nearest(text, texts, batchTexts - 1, likeness, isMate);
    return batchOf(
      text,
      [text, ...mates],
      nearest(text, reserve, 2 * batchTexts + reserveTexts, likeness, isMate),
    );
  });
}

/**
 * Batches as a coordinator forms them: texts arrive in a drawn order, `waiting` of them stand in the queue, and the oldest is taken with
 * those of its kind, nearest first. The reserve of its kind fills up.
 */
export function batchesOfQueue(
  { texts, reserve }: ExamSet,
  turns: readonly Likeness[],
  waiting: number,
  seed: string,
): ExamBatch[] {
  const arriving = [...drawDistinct(drawStream(seed, 'queue'), texts.length, texts.length)].map(
    (index) => texts[index]!,
  );
  const queue = arriving.splice(0, waiting);
  const batches: ExamBatch[] = [];
  for (let turn = 0; queue.length > 0; turn += 1) {
    const likeness = turns[turn % turns.length]!;
    const oldest = queue[0]!;
    const batch = [oldest, ...nearest(oldest, queue, batchTexts - 1, likeness, isOfKind)];
    const filling = nearest(oldest, reserve, 2 * batchTexts + reserveTexts, likeness, isOfKind);
    for (const text of batch) {
      batches.push(batchOf(text, batch, filling));
      queue.splice(queue.indexOf(text), 1);
    }
    queue.push(...arriving.splice(0, batch.length));
  }
  return batches;
}

export const isOfKind = (text: ExamText, other: ExamText): boolean => text.kind === other.kind;

function batchOf(text: ExamText, batch: readonly ExamText[], reserve: readonly ExamText[]): ExamBatch {
  const missing = batchTexts - batch.length;
  const whole = [...batch, ...reserve.slice(0, missing)];
  const further = reserve.slice(missing, missing + reserveTexts);
  const entries = whole.reduce((sum, { cut }) => sum + 1 + cut.pieces.length, further.length);
  return {
    text,
    mates: whole.filter((other) => other !== text),
    further,
    encodes: entries / batch.length,
  };
}

/** The nearest `count`, one a document. */
function nearest(
  text: ExamText,
  pool: readonly ExamText[],
  count: number,
  likeness: Likeness,
  isMate: (text: ExamText, other: ExamText) => boolean,
): ExamText[] {
  const documents = new Set([text.documentId]);
  const ranked = pool
    .filter((other) => other !== text && isMate(text, other))
    .map((other) => ({ other, value: likeness(text, other) }))
    .sort((a, b) => b.value - a.value);
  const chosen: ExamText[] = [];
  for (const { other } of ranked) {
    if (chosen.length === count) break;
    if (documents.has(other.documentId)) continue;
    documents.add(other.documentId);
    chosen.push(other);
  }
  return chosen;
}
