import { evaluationParagraphs, type TextKind } from '@market-of-experts/training';

/** A held-out paragraph. */
export interface ExamText {
  readonly kind: TextKind;
  readonly documentId: string;
  readonly whole: string;
}

/** Held-out paragraphs, four or more a document, kinds in balance. */
export function loadExamTexts(paragraphs: number): ExamText[] {
  return evaluationParagraphs({ limit: paragraphs }).map(({ kind, documentId, text }) => ({
    kind,
    documentId,
    whole: text,
  }));
}
