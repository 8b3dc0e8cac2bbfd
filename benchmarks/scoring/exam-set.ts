import {
  cutText,
  defaultExamParameters,
  type ExamCut,
  type ExamParameters,
  type Shingles,
  shinglesOf,
} from '@market-of-experts/protocol';
import { evaluationParagraphs, readCorpus, splitOf } from '@market-of-experts/training';

/** A text as an exam asks about it. */
export interface ExamText {
  /** Region of the market that it lies in: what it is batched with. */
  readonly kind: string;
  readonly documentId: string;
  readonly text: string;
  readonly cut: ExamCut;
  /** Of its kept part and pieces together. */
  readonly shingles: Shingles;
}

/** Texts to examine experts on, and texts of other documents that fill batches up. */
export interface ExamSet {
  readonly texts: readonly ExamText[];
  readonly reserve: readonly ExamText[];
}

export interface UncutText {
  readonly kind: string;
  readonly documentId: string;
  readonly text: string;
}

/** Each text cut once, by a fixed seed; those that are too short are left out. */
export function cutAll(texts: readonly UncutText[], seed: string, parameters: ExamParameters): ExamText[] {
  return texts.flatMap(({ kind, documentId, text }, place) => {
    const cut = cutText(text, seed, place, parameters);
    return cut === undefined
      ? []
      : [{ kind, documentId, text, cut, shingles: shinglesOf(cut.kept, ...cut.pieces) }];
  });
}

/**
 * `paragraphs` held-out paragraphs of eleven kinds, in balance, and `reservePerKind` others of each kind from documents that are
 * not held out.
 */
export function loadExamSet(
  paragraphs: number,
  reservePerKind = 60,
  parameters: ExamParameters = defaultExamParameters,
): ExamSet {
  const others = readCorpus().filter((text) => splitOf(text) !== 'held-out');
  const reserve = [...Map.groupBy(others, ({ kind }) => kind).values()].flatMap((texts) =>
    evenly(texts, reservePerKind),
  );
  return {
    texts: cutAll(evaluationParagraphs({ limit: paragraphs }), 'exam', parameters),
    reserve: cutAll(reserve, 'reserve', parameters),
  };
}

/** Everything that has to be embedded: whole texts, kept parts and pieces; of the reserve also whole texts, by which it is chosen. */
export function textsToEmbed({ texts, reserve }: ExamSet): string[] {
  const all = [...texts, ...reserve].flatMap(({ text, cut }) => [text, cut.kept, ...cut.pieces]);
  return [...new Set(all)];
}

/** `count` of them, spread over the whole. */
export function evenly<Item>(items: readonly Item[], count: number): Item[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]!);
}
