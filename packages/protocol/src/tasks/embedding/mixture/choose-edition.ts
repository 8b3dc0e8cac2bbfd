import { hashOf } from '@market-of-experts/core';
import { chooseGate } from './choose-gate.ts';
import { applyChange, type ChoiceRules, chooseChange, type ProvenChange } from './choose-weights.ts';
import type { ExamRow, Weights } from './exam-row.ts';

export interface EditionChoice {
  readonly weights: Weights;
  /** Weights at single places; a part of weight 0 is not asked about there. */
  readonly gate: ReadonlyMap<number, Weights>;
  /** What differs from the weights in force; undefined where nothing does. */
  readonly change: ProvenChange | undefined;
}

/**
 * The published rule: the edition in force with one expert added, dropped or weighed otherwise, if certified exams that the change
 * was not chosen by prove it. Documents are dealt by `seed`, which must not be known while exams are taken, into two halves: what one
 * chooses the other proves. Undefined where there are too few exams to change anything. The same for everybody who has the rows, in
 * whatever order. Whether the edition in force is old enough is asked before.
 */
export function chooseEdition(
  inForce: Weights,
  rows: readonly ExamRow[],
  seed: string,
  rules: ChoiceRules,
): EditionChoice | undefined {
  const paid = rows.filter(({ feeMicro }) => feeMicro > 0n);
  const documents = new Set(paid.map(({ document }) => document));
  if (paid.length < rules.leastTexts || documents.size < rules.leastDocuments) return undefined;
  const isFitted = new Map([...documents].map((document) => [document, isInFirstHalf(document, seed)]));
  const fitted = paid.filter(({ document }) => isFitted.get(document));
  const kept = paid.filter(({ document }) => !isFitted.get(document));
  const change = chooseChange(inForce, [fitted, kept], rules);
  const weights = change === undefined ? inForce : applyChange(inForce, change);
  return { weights, gate: chooseGate(weights, fitted, kept, rules), change };
}

function isInFirstHalf(document: string, seed: string): boolean {
  return Number.parseInt(hashOf('moe/edition-split/1', [seed, document])[0]!, 16) < 8;
}
