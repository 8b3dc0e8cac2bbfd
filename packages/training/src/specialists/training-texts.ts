import { type Hash, hashOf, MoeError } from '@market-of-experts/core';
import { cutText, defaultExamParameters, type ExamParameters } from '@market-of-experts/protocol';
import { readCorpus, type TextKind } from '../corpora/corpus.ts';
import { type Split, splitOf } from '../corpora/split.ts';
import type { SpecialistDomain } from './domain.ts';

/** Hidden pieces of a training text: as many as an exam mostly makes of such texts. */
export const piecesPerText = 2;

/** Alternating sentences, the hardest question; pieces are shorter than an exam's, so that nearly every text has two. */
const cuts: ExamParameters = {
  ...defaultExamParameters,
  pieces: piecesPerText,
  pieceWords: 6,
  mixSpan: 0,
  mixStart: 0,
  mixTitle: 0,
};

/** A text cut as an exam cuts it. */
export interface CutTrainingText {
  readonly kept: string;
  readonly pieces: readonly string[];
}

export interface TrainingTexts {
  readonly train: readonly CutTrainingText[];
  /** From other documents; never trained on. */
  readonly heldOut: readonly CutTrainingText[];
}

export interface TextLimits {
  /** Most texts of the domain's own kind. */
  readonly train: number;
  /** Most texts of each related kind. */
  readonly kin: number;
  readonly heldOut: number;
}

/** Texts of a domain for training and for testing, spread evenly over its documents. */
export function trainingTexts(
  { kind, kin }: Pick<SpecialistDomain, 'kind' | 'kin'>,
  limits: TextLimits,
): TrainingTexts {
  const corpus = readCorpus().filter((text) => text.kind === kind || kin.includes(text.kind));
  const cut = (of: TextKind, split: Split, limit: number): CutTrainingText[] => {
    const all = corpus.filter((text) => text.kind === of && splitOf(text) === split);
    const count = Math.min(limit, all.length);
    return Array.from(
      { length: count },
      (_, index) => all[Math.floor((index * all.length) / count)]!,
    ).flatMap(({ text }) => cutTrainingText(text) ?? []);
  };
  const result = {
    train: [...cut(kind, 'train', limits.train), ...kin.flatMap((each) => cut(each, 'train', limits.kin))],
    heldOut: cut(kind, 'held-out', limits.heldOut),
  };
  if (result.train.length < 2)
    throw new MoeError('corpus-invalid', `There are no texts of the kind "${kind}" to train on.`);
  return result;
}

/** Undefined where the text is too short for all pieces. */
function cutTrainingText(text: string): CutTrainingText | undefined {
  const cut = cutText(text, text, 0, cuts);
  return cut?.pieces.length === piecesPerText ? { kept: cut.kept, pieces: cut.pieces } : undefined;
}

/** Names the texts and how they were cut. */
export function corpusHash(texts: TrainingTexts): Hash {
  return hashOf('moe/specialist-corpus/2', { train: texts.train, heldOut: texts.heldOut });
}
