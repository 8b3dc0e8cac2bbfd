import {
  areNearDuplicates,
  examLoss,
  productsOf,
  quantise,
  type Shingles,
  shinglesOf,
} from '@market-of-experts/protocol';
import type { ExamBatch } from './exam-batches.ts';
import type { ShallowFeatures } from './shallow-features.ts';
import { type ShallowCase, shallowLosses } from './shallow-predictor.ts';
import type { Space } from './spaces.ts';

/** A text with its wrong answers, near-duplicates left out. */
export interface ExamCase {
  readonly batch: ExamBatch;
  readonly others: readonly string[];
}

export function casesOf(batches: readonly ExamBatch[]): ExamCase[] {
  const shingles = new Map<string, Shingles>();
  return batches.map((batch) => {
    const { text, mates, further } = batch;
    const near = (entry: string): boolean => {
      const ofEntry = shingles.get(entry) ?? shinglesOf(entry);
      shingles.set(entry, ofEntry);
      return areNearDuplicates(text.shingles, ofEntry);
    };
    const whole = mates.filter((mate) => !areNearDuplicates(text.shingles, mate.shingles));
    const pieces = [...whole.flatMap(({ cut }) => cut.pieces), ...further.map(({ cut }) => cut.pieces[0]!)];
    return { batch, others: [...new Set(pieces)].filter((piece) => !near(piece)) };
  });
}

/** The exact loss of each case, from an encoder's own vectors as int16. */
export function examLosses(cases: readonly ExamCase[], space: Space): number[] {
  const vector = (text: string): Int16Array => {
    const known = quantisedOf(space);
    const made = known.get(text) ?? quantise(space.vectorOf(text));
    known.set(text, made);
    return made;
  };
  return cases.map(({ batch, others }) => {
    const { kept, pieces } = batch.text.cut;
    const { numerator, denominator } = examLoss(
      productsOf(vector(kept), pieces.map(vector), others.map(vector)),
    );
    return Number(numerator) / Number(denominator);
  });
}

const quantised = new WeakMap<Space, Map<string, Int16Array>>();

/** What an encoder was examined on before. */
function quantisedOf(space: Space): Map<string, Int16Array> {
  const known = quantised.get(space) ?? new Map<string, Int16Array>();
  quantised.set(space, known);
  return known;
}

/** The same for a predictor that knows only what shows on the surface, trained on other documents. */
export function shallowExamLosses(cases: readonly ExamCase[], features: ShallowFeatures): number[] {
  const documents = new Map<string, number>();
  return shallowLosses(
    cases.map(({ batch, others }): ShallowCase => {
      const { documentId, cut } = batch.text;
      if (!documents.has(documentId)) documents.set(documentId, documents.size);
      return { kept: cut.kept, own: cut.pieces, others, document: documents.get(documentId)! };
    }),
    features,
  );
}
