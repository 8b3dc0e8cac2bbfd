import { type CorpusText, readCorpus, type TextKind } from './corpus.ts';
import { splitOf } from './split.ts';

/** A text of about 26 to 72 words from a document that nothing was trained on. */
export interface EvaluationParagraph {
  readonly kind: TextKind;
  readonly documentId: string;
  readonly text: string;
}

const leastPerDocument = 4;
const mostPerDocument = 8;

/**
 * Held-out paragraphs for benchmarks, four to eight consecutive ones a document: novel, speeches, geography,
 * software and website texts, German, Japanese, French, Russian, Spanish. Kinds take turns, document by document, so
 * that a smaller limit keeps them balanced. Always the same for the same limit.
 */
export function evaluationParagraphs(
  options: { readonly limit?: number; readonly kinds?: readonly TextKind[] } = {},
): EvaluationParagraph[] {
  const { limit = Number.POSITIVE_INFINITY, kinds } = options;
  const held = readCorpus().filter(
    (text) => splitOf(text) === 'held-out' && (kinds === undefined || kinds.includes(text.kind)),
  );
  const documents = [...Map.groupBy(held, ({ documentId }) => documentId).values()].filter(
    (texts) => texts.length >= leastPerDocument,
  );
  const queues = [...Map.groupBy(documents, (texts) => texts[0]!.kind).values()];
  const chosen: CorpusText[][] = [];
  for (let turn = 0; queues.some((queue) => turn < queue.length); turn++)
    for (const queue of queues) {
      const document = queue[turn];
      if (document !== undefined) chosen.push(document.slice(0, mostPerDocument));
    }
  const paragraphs: EvaluationParagraph[] = [];
  for (const document of chosen) {
    // A document that would be cut below four paragraphs is left out.
    const room = limit - paragraphs.length;
    if (room < leastPerDocument) break;
    for (const { kind, documentId, text } of document.slice(0, room))
      paragraphs.push({ kind, documentId, text });
  }
  return paragraphs;
}
