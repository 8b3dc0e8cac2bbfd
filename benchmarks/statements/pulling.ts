import { quantise, toNumber } from '@market-of-experts/protocol';
import { examLoss, productsOf } from '@market-of-experts/protocol/tasks/embedding/exam/products';
import { type CorpusText, readCorpus, textKinds } from '@market-of-experts/training';

/** A text in the two parts of an exam: alternating sentences. */
interface CutText {
  readonly group: string;
  readonly kept: string;
  readonly piece: string;
}

const batchSize = 36;

/** Batches of texts of one kind, each of another document; `perKind` of them. */
export function examBatches(perKind: number): CutText[][] {
  return textKinds.flatMap((kind) => {
    const seen = new Set<string>();
    const cuts = readCorpus()
      .filter((text) => text.kind === kind && !seen.has(text.documentId) && seen.add(text.documentId))
      .flatMap(cutOf);
    const full = Math.min(perKind, Math.floor(cuts.length / batchSize));
    return Array.from({ length: full }, (_, batch) => cuts.slice(batch * batchSize, (batch + 1) * batchSize));
  });
}

function cutOf({ text, group }: CorpusText): CutText[] {
  const sentences = text.split(/(?<=[.!?;。！？])\s*/).filter((sentence) => sentence !== '');
  if (sentences.length < 2) return [];
  const every = (rest: number): string => sentences.filter((_, index) => index % 2 === rest).join(' ');
  return [{ group, kept: every(0), piece: every(1) }];
}

/** A text as one encoder sees it. */
export interface EncodedText {
  readonly kept: Float32Array;
  readonly piece: Float32Array;
}

/**
 * Exam losses, by batch, of an expert that knows the whole assignment and pulls every piece towards its kept part, as far as
 * statements under a tolerance of 1 − cosine allow: what a tolerance lets a liar gain at most, in texts that it has answered before.
 */
export function pulledLosses(batches: readonly (readonly EncodedText[])[], tolerance: number): number[][] {
  return batches.map((batch) => {
    const pieces = batch.map(({ kept, piece }) => quantise(pulled(piece, kept, tolerance)));
    return batch.map(({ kept }, own) => {
      const others = pieces.filter((_, other) => other !== own);
      return toNumber(examLoss(productsOf(quantise(kept), [pieces[own]!], others)));
    });
  });
}

/** The vector turned towards the other, by the angle whose cosine is `1 − tolerance`. */
function pulled(vector: Float32Array, towards: Float32Array, tolerance: number): Float32Array {
  const along = vector.reduce((sum, value, index) => sum + value * towards[index]!, 0);
  const aside = Float32Array.from(towards, (value, index) => value - along * vector[index]!);
  const length = Math.sqrt(aside.reduce((sum, value) => sum + value * value, 0));
  if (length === 0) return vector;
  const cosine = 1 - tolerance;
  const sine = Math.sqrt(1 - cosine * cosine);
  return Float32Array.from(vector, (value, index) => cosine * value + (sine * aside[index]!) / length);
}
